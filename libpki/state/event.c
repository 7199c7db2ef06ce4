#include "libpki/state/event.h"

#include <stdio.h>
#include <string.h>

#include "libpki/cms/order.h"
#include "libpki/tlog/note.h"
#include "libpki/x509/crl.h"

enum form {
	NO_FORM,
	SERIAL,
	ACTOR, /* the serial of the event's actor */
	DIGEST,
	MSEC,
	SECOND,
	ID, /* `letters`: the prefixes allowed */
	WORD, /* a lower-case word of rules.yaml; the policy has the list */
	CONSTANT, /* `letters` itself */
	PROFILE,
	REASON,
	STATUS,
	RULE,
	NUMBER, /* min to max */
	OBJECT, /* of `members` */
};

enum { OPTIONAL = 1, EMPTY = 2 /* or "" */, LIST = 4 /* of min to max items */ };

struct member {
	const char *name; /* NULL: the end */
	enum form form;
	unsigned flags;
	int64_t min, max;
	const char *letters;
	const struct member *members;
};

#define ANY_NUMBER INT64_MAX
/* Evidence files, officers at the ceremony, applications: far more than there are. */
#define MANY 4096

/* clang-format off */
#define IS(member, what) { .name = member, .form = what }
#define IS_ID(member, prefix) { .name = member, .form = ID, .letters = prefix }
#define IS_WORD(member, word) { .name = member, .form = CONSTANT, .letters = word }
#define IS_NUMBER(member, from, to) \
	{ .name = member, .form = NUMBER, .min = from, .max = to }
#define IS_LIST(member, what, from, to) \
	{ .name = member, .form = what, .flags = LIST, .min = from, .max = to }
/* clang-format on */

static const struct member nothing[] = { { 0 } };
static const struct member accepted[] = {
	IS_ID("application", "A"),
	IS_ID("holder", "H"),
	IS_ID("order", "O"),
	IS("statement_digest", DIGEST),
	{ 0 },
};
static const struct member approved[] = {
	IS_ID("application", "A"),
	IS_ID("order", "O"),
	IS("order_digest", DIGEST),
	{ 0 },
};
static const struct member verified[] = {
	IS_ID("application", "A"),
	IS_ID("order", "O"),
	IS("order_digest", DIGEST),
	IS("method", WORD),
	{ 0 },
};
static const struct member rejected[] = {
	IS_ID("application", "A"),
	IS("decision_digest", DIGEST),
	{ 0 },
};
static const struct member ended[] = {
	IS_ID("application", "A"),
	IS_ID("order", "O"),
	{ 0 },
};
static const struct member submitted[] = {
	IS_ID("application", "A"),
	IS_ID("holder", "H"),
	IS_WORD("kind", "new"),
	IS_NUMBER("evidence", 0, MANY),
	IS_ID("invitation", "I"),
	{ 0 },
};
static const struct member submitted_renewal[] = {
	IS_ID("application", "A"),
	IS_ID("holder", "H"),
	IS_WORD("kind", "renewal"),
	IS_NUMBER("evidence", 0, MANY),
	{ 0 },
};
static const struct member ca_ended[] = {
	IS_NUMBER("issuer", 1, 2),
	IS_NUMBER("lists", 1, PKI_PARTITIONS_MAX + 1),
	{ 0 },
};
static const struct member started[] = { IS_NUMBER("rules", 1, ANY_NUMBER), { 0 } };
static const struct member ceremony[] = {
	IS("root", SERIAL),
	IS("ca", SERIAL),
	IS("seal", SERIAL),
	IS_LIST("officers", SERIAL, 1, MANY),
	IS_LIST("digests", DIGEST, 1, MANY),
	IS_LIST("profiles", PROFILE, 1, MANY),
	{ 0 },
};
static const struct member certificate[] = {
	IS("profile", PROFILE),
	IS("serial", SERIAL),
	IS("digest", DIGEST),
	{ 0 },
};
#define ORDERED(word) \
	IS_ID("order", "O"), IS("order_digest", DIGEST), IS_WORD("action", word), \
		{ .name = "holder", .form = ID, .flags = EMPTY, .letters = "H" }, \
		IS_LIST("officers", SERIAL, 1, PKI_CMS_SIGNERS_MAX)
#define CERTIFICATES \
	{ \
		.name = "certificates", .form = OBJECT, .flags = LIST, .min = 1, \
		.max = PKI_ORDER_CERTS_MAX, .members = certificate \
	}
static const struct member issued[] = {
	ORDERED("issue"),
	{ .name = "invitation", .form = ID, .flags = EMPTY, .letters = "I" },
	CERTIFICATES,
	{ 0 },
};
static const struct member renewed[] = { ORDERED("renew"), CERTIFICATES, { 0 } };
/* An officer's or service's: the renewal revokes the certificate that it replaces. */
static const struct member replaced[] = {
	ORDERED("renew"),
	CERTIFICATES,
	IS_WORD("reason", "superseded"),
	IS("reported", MSEC),
	IS_LIST("serials", SERIAL, 1, 1),
	{ 0 },
};
static const struct member revoked[] = {
	ORDERED("revoke"),
	IS("reason", REASON),
	IS("reported", MSEC),
	IS_LIST("serials", SERIAL, 1, PKI_EVENT_SERIALS_MAX),
	{ 0 },
};
static const struct member repeated[] = {
	ORDERED("revoke"),
	IS("reported", MSEC),
	IS_LIST("already", SERIAL, 1, PKI_EVENT_SERIALS_MAX),
	{ 0 },
};
static const struct member crl[] = {
	IS_NUMBER("issuer", 1, 2),
	IS_NUMBER("number", 1, ANY_NUMBER),
	IS_NUMBER("partition", 0, PKI_PARTITIONS_MAX),
	IS("digest", DIGEST),
	IS_NUMBER("entries", 0, ANY_NUMBER),
	{ 0 },
};
static const struct member partitioned[] = {
	IS_NUMBER("issuer", 2, 2),
	IS_NUMBER("partitions", 1, PKI_PARTITIONS_MAX),
	{ 0 },
};
static const struct member published[] = {
	IS_NUMBER("issuer", 1, 2),
	IS_NUMBER("number", 1, ANY_NUMBER),
	IS("published", MSEC),
	{ 0 },
};
static const struct member erasure[] = {
	IS_ID("holder", "H"),
	IS_ID("order", "O"),
	IS("order_digest", DIGEST),
	IS_NUMBER("applications", 1, ANY_NUMBER),
	{ 0 },
};
static const struct member invitation[] = {
	IS_ID("invitation", "I"),
	IS("order_digest", DIGEST),
	IS("expires", SECOND),
	{ 0 },
};
static const struct member failed[] = { IS_NUMBER("orders", 1, ANY_NUMBER), { 0 } };
static const struct member login[] = { IS("officer", ACTOR), { 0 } };
static const struct member refused[] = {
	{ .name = "order", .form = ID, .flags = EMPTY, .letters = "OI" },
	IS("order_digest", DIGEST),
	IS("status", STATUS),
	{ .name = "rule", .form = RULE, .flags = EMPTY },
	IS_LIST("officers", SERIAL, 0, PKI_CMS_SIGNERS_MAX),
	{ 0 },
};
static const struct member policy[] = {
	IS("digest", DIGEST),
	{ .name = "witnesses",
		.form = DIGEST,
		.flags = OPTIONAL | LIST,
		.min = 1,
		.max = PKI_WITNESSES_MAX },
	{ 0 },
};
static const struct member responder[] = { IS("serial", SERIAL), { 0 } };
static const struct member unissued[] = { IS_NUMBER("count", 1, ANY_NUMBER), { 0 } };

/* The event types (ETSI EN 319 411-1 6.4.5). A type in two rows has two forms. */
static const struct event {
	const char *type;
	const char *source;
	bool actor; /* the event names one */
	const struct member *members;
} events[] = {
	{ "application-approved", "pki-ra", true, approved },
	{ "application-rejected", "pki-ra", true, rejected },
	{ "application-rejected", "pki-ra", true, ended },
	{ "application-submitted", "pki-ra", false, submitted },
	{ "application-submitted", "pki-ra", false, submitted_renewal },
	{ "application-verified", "pki-ra", true, verified },
	{ "ca-ended", "pki-ca", false, ca_ended },
	{ "ca-started", "pki-ca", false, started },
	{ "ca-stopped", "pki-ca", false, nothing },
	{ "ceremony-completed", "pki-ca", false, ceremony },
	{ "certificate-accepted", "pki-ra", false, accepted },
	{ "certificate-issued", "pki-ca", true, issued },
	{ "certificate-renewed", "pki-ca", true, renewed },
	{ "certificate-renewed", "pki-ca", true, replaced },
	{ "certificate-revoked", "pki-ca", true, revoked },
	{ "crl-issued", "pki-ca", false, crl },
	{ "crl-partitioned", "pki-ca", false, partitioned },
	{ "crl-published", "pki-ca", false, published },
	{ "crl-service-started", "pki-crl", false, nothing },
	{ "crl-service-stopped", "pki-crl", false, nothing },
	{ "erasure-ordered", "pki-ra", true, erasure },
	{ "holder-erased", "pki-ra", true, erasure },
	{ "invitation-made", "pki-ra", true, invitation },
	{ "issuing-failed", "pki-ca", false, failed },
	{ "login-failed", "pki-ra", true, login },
	{ "order-refused", "pki-ca", false, refused },
	{ "policy-loaded", "pki-ca", false, policy },
	{ "responder-certificate-ordered", "pki-ocspd", false, responder },
	{ "responder-started", "pki-ocspd", false, responder },
	{ "responder-stopped", "pki-ocspd", false, responder },
	{ "revocation-repeated", "pki-ca", true, repeated },
	{ "root-crl-recorded", "pki-ca", false, crl },
	{ "unissued-asked", "pki-ocspd", false, unissued },
};

static const struct event *
find(const char *type)
{
	for (size_t i = 0; i < PKI_COUNT(events); i++)
		if (strcmp(events[i].type, type) == 0)
			return &events[i];
	return NULL;
}

const char *
pki_event_source(const char *type)
{
	const struct event *event = find(type);
	return event != NULL ? event->source : NULL;
}

bool
pki_event_known(const char *type)
{
	return find(type) != NULL;
}

/* A number has a single spelling, so that equal events are equal octets. */
static bool
is_serial(const char *text)
{
	struct pki_serial serial;
	char again[PKI_SERIAL_TEXT];
	if (pki_serial_parse(text, &serial, NULL) != PKI_OK)
		return false;
	pki_serial_text(&serial, again);
	return strcmp(text, again) == 0;
}

static bool
is_digest(const char *text)
{
	return strlen(text) == PKI_SHA256_HEX - 1 &&
	       strspn(text, "0123456789abcdef") == PKI_SHA256_HEX - 1;
}

static bool
is_msec(const char *text)
{
	pki_msec t;
	char again[PKI_MSEC_TEXT];
	if (pki_msec_parse(text, &t, NULL) != PKI_OK)
		return false;
	pki_msec_format(t, again);
	return strcmp(text, again) == 0;
}

static bool
is_second(const char *text)
{
	pki_time t;
	char again[PKI_TIME_TEXT];
	if (pki_time_parse(text, &t, NULL) != PKI_OK)
		return false;
	pki_time_format(t, again);
	return strcmp(text, again) == 0;
}

static bool
is_id(const char *text, const char *letters)
{
	return text[0] != '\0' && strchr(letters, text[0]) != NULL &&
	       pki_id_valid(text, text[0]);
}

static bool
is_status(const char *text)
{
	enum pki_status status = pki_status_by_name(text);
	return status != PKI_OK && strcmp(text, pki_status_name(status)) == 0;
}

static bool
is_reason(const char *text)
{
	enum pki_reason reason;
	return pki_reason_by_name(text, &reason);
}

static bool
is_made_of(const char *text, size_t size, const char *characters)
{
	size_t len = strspn(text, characters);
	return len > 0 && len < size && text[len] == '\0';
}

/* Is the text of the member's form? */
static bool
text_fits(const struct member *m, const char *text, const char *actor)
{
	switch (m->form) {
	case SERIAL:
		return is_serial(text);
	case ACTOR:
		return strcmp(text, actor) == 0;
	case DIGEST:
		return is_digest(text);
	case MSEC:
		return is_msec(text);
	case SECOND:
		return is_second(text);
	case ID:
		return is_id(text, m->letters);
	case CONSTANT:
		return strcmp(text, m->letters) == 0;
	case WORD: /* as in an order */
		return text[0] >= 'a' && text[0] <= 'z' &&
		       is_made_of(text, PKI_WORD_TEXT,
			       "abcdefghijklmnopqrstuvwxyz0123456789-");
	case PROFILE:
		return is_made_of(text, PKI_PROFILE_NAME,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	case REASON:
		return is_reason(text);
	case STATUS:
		return is_status(text);
	case RULE:
		return pki_rule_by_name(text) != PKI_RULE_NONE;
	case NO_FORM:
	case NUMBER:
	case OBJECT:
		return false;
	}
	return false;
}

static const char *const wants[] = {
	[NO_FORM] = "",
	[SERIAL] = "a serial number in lower-case hex without leading zeros",
	[ACTOR] = "the event's actor",
	[DIGEST] = "a SHA-256 digest in lower-case hex",
	[MSEC] = "a time like 2026-11-22T13:03:00.000Z",
	[SECOND] = "a time like 2026-11-22T13:03:00Z",
	[ID] = "an identifier: a letter, a hyphen, 32 lower-case hex digits",
	[WORD] = "a lower-case word",
	[CONSTANT] = "the word of this type",
	[PROFILE] = "a profile's name",
	[REASON] = "a reason of RFC 5280 5.3.1",
	[STATUS] = "a status of the suite",
	[RULE] = "a rule's name",
	[NUMBER] = "an integer in its limits",
	[OBJECT] = "an object",
};

static enum pki_status check_members(const struct pki_event *event,
	const struct member *members, const json_t *object, struct pki_err *err);

static enum pki_status
refuse(const struct pki_event *event, const char *what, const char *name,
	const char *want, struct pki_err *err)
{
	return pki_fail_rule(err, PKI_INPUT, PKI_RULE_EVENT_FORM,
		"%s: the detail %s \"%.40s\"%s%s; log(5) gives the members", event->type,
		what, name, want[0] != '\0' ? ", which must be " : "", want);
}

static enum pki_status
check_value(const struct pki_event *event, const struct member *m, const json_t *value,
	struct pki_err *err)
{
	if (m->form == OBJECT && json_is_object(value))
		return check_members(event, m->members, value, err);
	const char *text = json_string_value(value);
	if (m->form == NUMBER
			? json_is_integer(value) && json_integer_value(value) >= m->min &&
				  json_integer_value(value) <= m->max
			: text != NULL &&
				  (text_fits(m, text, event->actor) ||
					  ((m->flags & EMPTY) != 0 && text[0] == '\0')))
		return PKI_OK;
	return refuse(event, "has another", m->name, wants[m->form], err);
}

static enum pki_status
check_list(const struct pki_event *event, const struct member *m, const json_t *list,
	struct pki_err *err)
{
	size_t count = json_array_size(list);
	if (!json_is_array(list) || (int64_t)count < m->min || (int64_t)count > m->max)
		return refuse(
			event, "has another", m->name, "a list within its limits", err);
	for (size_t i = 0; i < count; i++)
		PKI_TRY(check_value(event, m, json_array_get(list, i), err));
	return PKI_OK;
}

static const struct member *
find_member(const struct member *members, const char *name)
{
	for (; members->name != NULL; members++)
		if (strcmp(members->name, name) == 0)
			return members;
	return NULL;
}

static enum pki_status
check_members(const struct pki_event *event, const struct member *members,
	const json_t *object, struct pki_err *err)
{
	const char *name;
	json_t *value;
	for (const struct member *m = members; m->name != NULL; m++)
		if ((m->flags & OPTIONAL) == 0 &&
			json_object_get(object, m->name) == NULL)
			return refuse(event, "lacks", m->name, "", err);
	/* jansson's iterator takes no const */
	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		const struct member *m = find_member(members, name);
		if (m == NULL)
			return refuse(event, "must not have", name, "", err);
		PKI_TRY((m->flags & LIST) != 0 ? check_list(event, m, value, err)
					       : check_value(event, m, value, err));
	}
	return PKI_OK;
}

static enum pki_status
check_detail(
	const struct pki_event *event, const struct member *members, struct pki_err *err)
{
	if (event->detail != NULL && !json_is_object(event->detail))
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_EVENT_FORM,
			"%s: the detail must be an object; log(5) gives the members",
			event->type);
	return check_members(event, members, event->detail, err);
}

static enum pki_status
check_actor(const struct pki_event *event, bool wanted, struct pki_err *err)
{
	if (wanted ? is_serial(event->actor) : event->actor[0] == '\0')
		return PKI_OK;
	return pki_fail_rule(err, PKI_INPUT, PKI_RULE_EVENT_FORM,
		wanted ? "%s: the actor must be the serial number of a certificate"
		       : "%s: the actor must be empty, for nobody acts",
		event->type);
}

enum pki_status
pki_event_check(const struct pki_event *event, struct pki_err *err)
{
	const struct event *first = find(event->type);
	struct pki_err own = { 0 }, other = { 0 };
	if (first == NULL)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_LOG_EVENT,
			"event type \"%.40s\" is not in the table of log(5)",
			event->type);
	if (strcmp(event->source, first->source) != 0)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_EVENT_FORM,
			"%s is %s's to say, not %.40s's", event->type, first->source,
			event->source);
	PKI_TRY(check_actor(event, first->actor, err));
	if (check_detail(event, first->members, &own) == PKI_OK)
		return PKI_OK;
	for (const struct event *e = first + 1; e < events + PKI_COUNT(events); e++)
		if (strcmp(e->type, event->type) == 0 &&
			check_detail(event, e->members, &other) == PKI_OK)
			return PKI_OK;
	return pki_err_move(err, &own);
}
