#include <stdio.h>
#include <string.h>

#include "ca/commands.h"
#include "libpki/host/api.h"
#include "libpki/host/conf.h"
#include "libpki/host/probe.h"
#include "libpki/x509/crl.h"

static void
row(const char *label, const char *text)
{
	printf("%-14s %s\n", label, text);
}

static void
local_time(const char *text, char *out, size_t size)
{
	pki_msec t;
	snprintf(out, size, "%s", text);
	if (pki_msec_parse(text, &t, NULL) == PKI_OK)
		pki_time_format_local(t / 1000, out, size);
}

/* rule 53: no CRL follows the last CRL. */
static void
crl_text(json_int_t number, const char *next_update, char *out, size_t size)
{
	char last[PKI_TIME_TEXT], when[64];
	pki_time_format(PKI_CRL_LAST, last);
	local_time(next_update, when, sizeof when);
	if (strcmp(next_update, last) == 0)
		snprintf(out, size, "number %lld, the last", (long long)number);
	else
		snprintf(out, size, "number %lld, next by %s", (long long)number, when);
}

static void
print_issuers(const json_t *issuers)
{
	for (size_t i = 0; i < json_array_size(issuers); i++) {
		const char *name = "", *not_after = "";
		char when[64], text[512];
		json_unpack(json_array_get(issuers, i), "{s:s, s:s}", "name", &name,
			"not_after", &not_after);
		local_time(not_after, when, sizeof when);
		snprintf(text, sizeof text, "%s, until %s", name, when);
		row("issuer", text);
	}
}

/* Prints nothing if the policy requires no witnesses. */
static void
print_witnesses(json_t *status)
{
	json_int_t needed = 0, configured = 0, cosigned = 0, waiting = 0;
	int issuing = 1;
	const char *message = "";
	char text[1024];
	if (json_unpack(status, "{s:{s:I, s:I, s:I, s:I, s:b, s:s}}", "witnesses",
		    "needed", &needed, "configured", &configured, "cosigned", &cosigned,
		    "waiting", &waiting, "issuing", &issuing, "message", &message) != 0 ||
		needed == 0)
		return;
	snprintf(text, sizeof text, "%lld of %lld must cosign; %lld entries are cosigned",
		(long long)needed, (long long)configured, (long long)cosigned);
	row("witnesses", text);
	snprintf(text, sizeof text, "%lld orders wait; %s", (long long)waiting, message);
	row("issuing", issuing ? "goes on" : text);
}

/* rule 122 */
static void
print_peers(json_t *status)
{
	row("peers",
		json_is_true(json_object_get(status, "peers"))
			? "told apart by their users"
			: "not told apart: whoever reaches the socket is any peer (ca: peers in pki.yaml)");
}

/* rule 109: says nothing if each identifier has one holder. */
static void
print_identifiers(json_t *status)
{
	json_int_t shared = 0;
	char text[160];
	if (json_unpack(status, "{s:{s:I}}", "ledger", "identifiers_shared", &shared) !=
			0 ||
		shared == 0)
		return;
	snprintf(text, sizeof text,
		"%lld belong to several holders: revoke the certificates of the wrong ones (pki-audit verify names them)",
		(long long)shared);
	row("identifiers", text);
}

/* Prints nothing if nothing was refused. */
static void
print_refused(json_t *refused)
{
	char text[512] = "";
	const char *reason;
	json_t *count;
	json_object_foreach (refused, reason, count) {
		size_t len = strlen(text);
		if (json_integer_value(count) > 0)
			snprintf(text + len, sizeof text - len, "%s%s %lld",
				len > 0 ? ", " : "", reason,
				(long long)json_integer_value(count));
	}
	if (text[0] != '\0')
		row("refused", text);
}

/* rule 15: says nothing if no name is shared. */
static void
print_names(json_t *status)
{
	json_int_t shared = 0;
	char text[160];
	if (json_unpack(status, "{s:{s:I}}", "ledger", "names_shared", &shared) != 0 ||
		shared == 0)
		return;
	snprintf(text, sizeof text,
		"%lld belong to several holders: revoke their certificates (pki-audit verify names them)",
		(long long)shared);
	row("names", text);
}

/* "registration 2, revocation 1, ...", then a line for each role that needs somebody. */
static void
print_roles(const json_t *roles)
{
	char text[512] = "";
	size_t i;
	json_t *role;
	json_array_foreach (roles, i, role) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, "%s%s %lld", i != 0 ? ", " : "",
			json_string_value(json_object_get(role, "role")),
			(long long)json_integer_value(json_object_get(role, "count")));
	}
	row("officers", text);
	json_array_foreach (roles, i, role) {
		const char *warning = json_string_value(json_object_get(role, "warning"));
		if (warning != NULL)
			row("warning", warning);
	}
}

static enum pki_status
print_status(json_t *status, struct pki_err *err)
{
	const char *version, *sandbox, *next_update, *clock;
	int pid, signer;
	json_int_t waiting, limit, certificates, revocations, orders, entries, number;
	json_t *issuers;
	char text[512], when[64];
	if (json_unpack(status,
		    "{s:s, s:i, s:{s:i, s:s}, s:{s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:s}, s:o, s:s}",
		    "version", &version, "pid", &pid, "signer", "pid", &signer, "sandbox",
		    &sandbox, "queue", "waiting", &waiting, "limit", &limit, "ledger",
		    "certificates", &certificates, "revocations", &revocations, "orders",
		    &orders, "entries", &entries, "crl", "number", &number, "next_update",
		    &next_update, "issuers", &issuers, "clock", &clock) != 0)
		return pki_fail(err, PKI_UNAVAILABLE, "that is not a status of pki-ca");
	snprintf(text, sizeof text, "%s, process %d", version, pid);
	row("pki-ca", text);
	snprintf(text, sizeof text, "process %d, %s", signer, sandbox);
	row("signer", text);
	snprintf(text, sizeof text, "%lld of %lld", (long long)waiting, (long long)limit);
	row("queue", text);
	print_refused(json_object_get(status, "refused"));
	snprintf(text, sizeof text, "%lld certificates, %lld revocations, %lld orders",
		(long long)certificates, (long long)revocations, (long long)orders);
	row("ledger", text);
	snprintf(text, sizeof text, "%lld entries", (long long)entries);
	row("log", text);
	print_identifiers(status);
	print_names(status);
	crl_text(number, next_update, text, sizeof text);
	row("CRL", text);
	print_witnesses(status);
	print_peers(status);
	print_issuers(issuers);
	print_roles(json_object_get(status, "roles"));
	local_time(clock, when, sizeof when);
	row("clock", when);
	return PKI_OK;
}

/* For a monitor: how long the first of the officers', services' and seal's certificates is
 * valid; critical while a role is short, for it then issues nothing. */
static void
probe_roles(const json_t *roles, struct pki_probe *probe)
{
	size_t i;
	json_t *role;
	snprintf(probe->text, sizeof probe->text, "officers in all roles");
	json_array_foreach (roles, i, role) {
		const char *warning = json_string_value(json_object_get(role, "warning"));
		const char *text = json_string_value(json_object_get(role, "first_end"));
		json_int_t count = json_integer_value(json_object_get(role, "count"));
		json_int_t least = json_integer_value(json_object_get(role, "minimum"));
		pki_time end = 0;
		if (text != NULL && pki_time_parse(text, &end, NULL) == PKI_OK &&
			(probe->next_update == 0 || end < probe->next_update))
			probe->next_update = end;
		if (warning != NULL && (count < least || !probe->critical))
			snprintf(probe->text, sizeof probe->text, "%s", warning);
		probe->critical = probe->critical || count < least;
	}
}

static enum pki_status
ask(const struct pki_args *args, json_t **status, struct pki_err *err)
{
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
	return pki_api_call(
		conf->socket, "/v1/status", NULL, (struct pki_bytes){ 0 }, status, err);
}

enum pki_status
ca_cmd_status(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	struct pki_probe probe = { .warning = "60d", .critical_at = "14d" };
	PKI_CLEANUP(pki_json_cleanup) json_t *status = NULL;
	enum pki_status asked = ask(args, &status, err);
	if (pki_arg_flag(args, "monitor")) {
		probe_roles(json_object_get(status, "roles"), &probe);
		return pki_probe_report(args, "PKI-CA", &probe, asked, err);
	}
	PKI_TRY(asked);
	if (!pki_arg_flag(args, "json"))
		return print_status(status, err);
	return pki_cli_json(status, stdout, err);
}
