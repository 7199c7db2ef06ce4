#include "ra/enter.h"

#include <stdio.h>
#include <string.h>

#include "ra/check.h"
#include "ra/store/evidence.h"
#include "ra/store/holder.h"
#include "ra/store/index.h"
#include "ra/store/outbox.h"
#include "ra/store/words.h"

/* A word of the index by which equal documents find each other; no search gives this
 * word. */
static void
document_word(const struct ra_form *form, char out[RA_WORD + 64])
{
	char number[RA_WORD];
	ra_words_fold(form->document_number, strlen(form->document_number), number);
	snprintf(out, RA_WORD + 64, "document|%s|%s|%s", form->document_type,
		form->document_country, number);
}

static enum pki_status
index_all(struct ra *ra, const struct ra_application *a, const struct ra_form *form,
	struct pki_err *err)
{
	struct ra_store *store = ra->store;
	struct pki_name subject;
	char document[RA_WORD + 64];
	const char *const words[] = { form->email, a->id, a->holder, a->invitation };
	PKI_TRY(ra_index_name(store, a->id, form->given_name, err));
	PKI_TRY(ra_index_name(store, a->id, form->surname, err));
	PKI_TRY(ra_check_subject(ra->policy, form, &subject, err));
	PKI_TRY(ra_index_number(store, a->id, subject.serial_number, err));
	for (size_t i = 0; i < PKI_COUNT(words); i++)
		PKI_TRY(ra_index_text(store, a->id, words[i], err));
	PKI_TRY(ra_index_number(store, a->id, form->phone, err));
	PKI_TRY(ra_index_number(store, a->id, form->document_number, err));
	document_word(form, document);
	return ra_index_word(store, a->id, document, err);
}

/* The document may be that of another holder. Only a note: the CA refuses the order
 * (rule 15). */
static enum pki_status
hint(struct ra *ra, const struct ra_application *a, const struct ra_form *form,
	struct pki_err *err)
{
	char document[RA_WORD + 64], holder[PKI_ID_TEXT];
	document_word(form, document);
	PKI_TRY(ra_index_holder(ra->store, document, holder, err));
	if (holder[0] != '\0' && strcmp(holder, a->holder) != 0)
		fprintf(stderr,
			"pki-ra: note: holder %s has this document; for the same person, reject this application and submit the form with --holder\n",
			holder);
	return PKI_OK;
}

static enum pki_status
record_event(struct ra *ra, const struct ra_application *a,
	const struct ra_record *record, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "application", a->id);
	pki_json_text(&detail, "holder", a->holder);
	pki_json_text(&detail, "kind", a->renewal ? "renewal" : "new");
	pki_json_number(&detail, "evidence", (int64_t)record->evidence_count);
	pki_json_text_if(&detail, "invitation", a->invitation);
	return ra_outbox_add(ra->store, "application-submitted", "", &detail, err);
}

static enum pki_status
write_all(struct ra *ra, const struct ra_application *a, struct ra_record *record,
	const struct pki_args *args, struct pki_err *err)
{
	PKI_TRY(ra_holder_add(ra->store, a->holder, err));
	for (int i = 0; i < pki_arg_count(args, "evidence"); i++)
		PKI_TRY(ra_evidence_add(
			ra->store, a, pki_arg_at(args, "evidence", i), record, err));
	PKI_TRY(ra_application_add(ra->store, a, err));
	if (a->invitation[0] != '\0')
		PKI_TRY(ra_invitation_use(ra->store, a->invitation, a->id, err));
	PKI_TRY(ra_record_save(ra->store, a, record, err));
	PKI_TRY(hint(ra, a, &record->form, err));
	PKI_TRY(index_all(ra, a, &record->form, err));
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
	enum pki_status status = write_all(ra, a, record, args, err);
	if (status == PKI_OK)
		status = ra_store_commit(ra->store, err);
	if (status != PKI_OK) {
		ra_store_rollback(ra->store);
		ra_evidence_discard(ra->store, a->id);
	}
	return status;
}
