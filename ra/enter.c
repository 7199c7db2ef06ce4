#include <stdio.h>
#include <string.h>

#include "ra/ra.h"
#include "ra/store/words.h"

/* How equal documents find each other: not a word that a search would give. */
static void
document_word(const struct ra_form *form, char out[RA_WORD + 64])
{
	char number[RA_WORD];
	ra_word_fold(form->document_number, strlen(form->document_number), number);
	snprintf(out, RA_WORD + 64, "document|%s|%s|%s", form->document_type,
		form->document_country, number);
}

static enum pki_status
index_all(struct ra_store *store, const struct ra_application *a,
	const struct ra_form *form, struct pki_err *err)
{
	char document[RA_WORD + 64];
	const char *const words[] = { form->given_name, form->surname, form->email, a->id,
		a->holder, a->invitation };
	for (size_t i = 0; i < PKI_COUNT(words); i++)
		PKI_TRY(ra_store_index(store, a->id, words[i], false, err));
	PKI_TRY(ra_store_index(store, a->id, form->phone, true, err));
	PKI_TRY(ra_store_index(store, a->id, form->document_number, true, err));
	document_word(form, document);
	return ra_store_index_word(store, a->id, document, err);
}

/* The person may be known under another holder's id: a hint, the CA refuses (rule 15). */
static enum pki_status
hint(struct ra *ra, const struct ra_application *a, const struct ra_form *form,
	struct pki_err *err)
{
	char document[RA_WORD + 64], holder[PKI_ID_TEXT];
	document_word(form, document);
	PKI_TRY(ra_store_find_holder(ra->store, document, holder, err));
	if (holder[0] != '\0' && strcmp(holder, a->holder) != 0)
		fprintf(stderr,
			"pki-ra: note: this document is known as holder %s's; if it is the same person, reject this application and submit it with --holder\n",
			holder);
	return PKI_OK;
}

static enum pki_status
record_event(struct ra *ra, const struct ra_application *a,
	const struct ra_record *record, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup)
	json_t *detail = json_pack("{s:s, s:s, s:s, s:i}", "application", a->id, "holder",
		a->holder, "kind", a->renewal ? "renewal" : "new", "evidence",
		(int)record->evidence_count);
	if (a->invitation[0] != '\0')
		json_object_set_new(detail, "invitation", json_string(a->invitation));
	return ra_store_event(ra->store, "application-submitted", "", detail, err);
}

static enum pki_status
write_all(struct ra *ra, const struct ra_application *a, struct ra_record *record,
	const struct pki_args *args, struct pki_err *err)
{
	PKI_TRY(ra_store_add_holder(ra->store, a->holder, err));
	for (int i = 0; i < pki_arg_count(args, "evidence"); i++)
		PKI_TRY(ra_evidence_add(
			ra->store, a, pki_arg_at(args, "evidence", i), record, err));
	PKI_TRY(ra_store_add(ra->store, a, err));
	if (a->invitation[0] != '\0')
		PKI_TRY(ra_store_use_invitation(ra->store, a->invitation, a->id, err));
	PKI_TRY(ra_record_save(ra->store, a, record, err));
	PKI_TRY(hint(ra, a, &record->form, err));
	PKI_TRY(index_all(ra->store, a, &record->form, err));
	return record_event(ra, a, record, err);
}

enum pki_status
ra_enter(struct ra *ra, struct ra_application *a, struct ra_record *record,
	const struct pki_args *args, const struct ra_invitation *invitation,
	struct pki_err *err)
{
	PKI_TRY(pki_id_make('A', a->id, err));
	if (a->holder[0] == '\0')
		PKI_TRY(pki_id_make('H', a->holder, err));
	PKI_TRY(ra_salt_make(record->salt, err));
	a->renewal = invitation == NULL;
	if (invitation != NULL)
		snprintf(a->invitation, sizeof a->invitation, "%s", invitation->id);
	a->created = a->changed = pki_msec_now();
	PKI_TRY(ra_store_begin(ra->store, err));
	enum pki_status st = write_all(ra, a, record, args, err);
	if (st == PKI_OK)
		st = ra_store_commit(ra->store, err);
	if (st != PKI_OK) {
		ra_store_rollback(ra->store);
		ra_evidence_discard(ra->store, a);
	}
	return st;
}
