#include "ra/store/outbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "libpki/host/api.h"
#include "ra/store/store_priv.h"

enum pki_status
ra_outbox_add(struct ra_store *store, const char *type, const char *actor,
	struct pki_json *detail, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	sqlite3_stmt *stmt;
	PKI_TRY(pki_json_write(detail, &json, err));
	PKI_TRY(ra_sql(store, RA_SQL_ADD_EVENT, &stmt, err, "ttt", type, actor,
		(const char *)json.data));
	return ra_sql_run(store, stmt, NULL, err);
}

struct event {
	int64_t seq;
	char type[64];
	char actor[PKI_SERIAL_TEXT];
	struct pki_buf detail;
};

static enum pki_status
next_event(struct ra_store *store, int64_t after, struct event *out, bool *found,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	PKI_TRY(ra_sql(store, RA_SQL_EVENTS, &stmt, err, "i", after));
	PKI_TRY(ra_sql_step(store, stmt, found, err));
	if (!*found)
		return PKI_OK;
	out->seq = sqlite3_column_int64(stmt, 0);
	ra_sql_text(stmt, 1, out->type, sizeof out->type);
	ra_sql_text(stmt, 2, out->actor, sizeof out->actor);
	pki_buf_reset(&out->detail);
	return pki_buf_append(&out->detail, sqlite3_column_text(stmt, 3),
		(size_t)sqlite3_column_bytes(stmt, 3), err);
}

static enum pki_status
send_one(struct ra_store *store, const char *socket, const struct event *event,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	sqlite3_stmt *stmt;
	PKI_TRY(pki_json_parse(pki_buf_bytes(&event->detail), &detail, err));
	PKI_TRY(pki_api_event(socket, "pki-ra", event->type, event->actor, detail, err));
	PKI_TRY(ra_sql(store, RA_SQL_EVENT_SENT, &stmt, err, "i", event->seq));
	return ra_sql_run(store, stmt, NULL, err);
}

static enum pki_status
send_all(struct ra_store *store, const char *socket, struct pki_err *err)
{
	PKI_CLEANUP(pki_close_fd) int lock = -1;
	char path[PATH_MAX + 32];
	struct event event = { 0 };
	bool found;
	snprintf(path, sizeof path, "%s/outbox.lock", store->dir);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* another process is sending; that process or the next command sends these
	 * events */
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0)
		return PKI_OK;
	enum pki_status status = PKI_OK;
	for (int64_t after = 0; status == PKI_OK; after = event.seq) {
		status = next_event(store, after, &event, &found, err);
		if (status != PKI_OK || !found)
			break;
		status = send_one(store, socket, &event, err);
	}
	pki_buf_free(&event.detail);
	return status;
}

enum pki_status
ra_outbox_count(struct ra_store *store, uint64_t *waiting, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	*waiting = 0;
	PKI_TRY(ra_sql(store, RA_SQL_EVENT_COUNT, &stmt, err, ""));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	*waiting = (uint64_t)sqlite3_column_int64(stmt, 0);
	return PKI_OK;
}

enum pki_status
ra_outbox_send(struct ra_store *store, const char *socket, uint64_t *waiting,
	struct pki_err *err)
{
	enum pki_status status = send_all(store, socket, err);
	/* an error of sending matters more than one of counting */
	enum pki_status counted = ra_outbox_count(store, waiting, err);
	return status != PKI_OK ? status : counted;
}
