#include "ca/signer/transaction.h"

#include <unistd.h>

/* A half-done change must not lead to a CRL. */
static void
must(enum pki_status status)
{
	if (status != PKI_OK)
		_exit((int)status);
}

void
transaction_free(struct transaction *t)
{
	revoked_set_free(&t->revoked);
	revoked_set_free(&t->added);
	revoked_set_free(&t->removed);
	*t = (struct transaction){ .under_way = false };
}

void
transaction_begin(struct transaction *t)
{
	if (t->under_way)
		return;
	t->under_way = true;
	t->before = t->last;
	revoked_set_free(&t->added);
	revoked_set_free(&t->removed);
}

void
transaction_end(struct transaction *t)
{
	t->under_way = false;
}

/* One direction of a change: entries that leave the revoked set, or that join it. */
struct direction {
	struct revoked_set *items;
	struct revoked_set *same; /* earlier in the transaction, in this direction */
	struct revoked_set
		*other; /* earlier in the transaction, in the opposite direction */
	struct revoked_set back; /* the items in other */
	struct revoked_set rest; /* the other items */
};

static void
free_direction(struct direction *d)
{
	revoked_set_free(&d->back);
	revoked_set_free(&d->rest);
	revoked_set_free(d->items);
}

/* Get all memory for the change. */
static enum pki_status
prepare(struct direction *d, struct pki_err *err)
{
	size_t at = 0;
	if (d->other->count == 0)
		return d->same->count == 0
			       ? PKI_OK
			       : revoked_set_reserve(d->same, d->items->count, err);
	for (size_t i = 0; i < d->items->count; i++) {
		const struct pki_revoked *item = &d->items->items[i];
		at = revoked_set_seek(d->other, at, &item->serial);
		bool found = revoked_set_is_at(d->other, at, &item->serial);
		PKI_TRY(revoked_set_append(found ? &d->back : &d->rest, item, 1, err));
	}
	return revoked_set_reserve(d->same, d->rest.count, err);
}

/* Cannot fail. */
static void
note(struct direction *d)
{
	revoked_set_remove(d->other, &d->back);
	struct revoked_set *rest = d->back.count + d->rest.count == 0 ? d->items
								      : &d->rest;
	if (d->same->count == 0)
		must(revoked_set_move(d->same, rest, NULL));
	else
		must(revoked_set_add(d->same, rest, NULL));
}

enum pki_status
transaction_change(struct transaction *t, struct revoked_set *fresh,
	struct revoked_set *expired, struct pki_err *err)
{
	struct direction out = {
		.items = expired, .same = &t->removed, .other = &t->added
	};
	struct direction in = { .items = fresh, .same = &t->added, .other = &t->removed };
	enum pki_status status = prepare(&out, err);
	if (status == PKI_OK)
		status = prepare(&in, err);
	if (status == PKI_OK)
		status = revoked_set_reserve(&t->revoked, fresh->count, err);
	if (status == PKI_OK) {
		revoked_set_remove(&t->revoked, expired);
		must(revoked_set_add(&t->revoked, fresh, NULL));
		note(&out);
		note(&in);
	}
	free_direction(&out);
	free_direction(&in);
	return status;
}

void
transaction_undo(struct transaction *t)
{
	revoked_set_remove(&t->revoked, &t->added);
	must(revoked_set_add(&t->revoked, &t->removed, NULL));
	revoked_set_free(&t->added);
	revoked_set_free(&t->removed);
	t->last = t->before;
	t->under_way = false;
}
