#include "tests/bench/common/minters.h"

#include <pthread.h>
#include <string.h>

#include "libpki/host/conf_ca.h"

/* Chunks for each thread: one that it fills and some that wait. */
#define CHUNKS_PER_MINTER 4

const char *const minted_profiles[CERTS_PER_HOLDER] = { "holder-authentication",
	"holder-signature" };

static struct {
	const struct office *office;
	struct pki_cert *issuer;
	struct pki_key *issuer_key;
	pthread_t threads[MINTERS_MAX];
	size_t thread_count;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t to_mint; /* holders that no thread has begun */
	uint64_t to_write; /* holders that were not taken */
	struct minted_chunk *empty, *full;
} minters = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void
push(struct minted_chunk **list, struct minted_chunk *chunk)
{
	chunk->next = *list;
	*list = chunk;
	pthread_cond_broadcast(&minters.changed);
}

static struct minted_chunk *
pop(struct minted_chunk **list)
{
	while (*list == NULL)
		pthread_cond_wait(&minters.changed, &minters.lock);
	struct minted_chunk *chunk = *list;
	*list = chunk->next;
	return chunk;
}

/* An empty chunk and how many holders are to be in it: none when all are minted. */
static struct minted_chunk *
next_chunk(void)
{
	pthread_mutex_lock(&minters.lock);
	struct minted_chunk *chunk = pop(&minters.empty);
	chunk->count = minters.to_mint < HOLDERS_PER_CHUNK ? (size_t)minters.to_mint
							   : HOLDERS_PER_CHUNK;
	minters.to_mint -= chunk->count;
	pthread_mutex_unlock(&minters.lock);
	return chunk;
}

/* The last second of a day from one year on, of three years less a day at most. */
static pki_time
some_end(const char *digits, pki_time now)
{
	unsigned spread = (unsigned)strtoul(
		(char[]){ digits[0], digits[1], digits[2], '\0' }, NULL, 16);
	pki_time day = now / PKI_DAY + 365 + spread % 729;
	return day * PKI_DAY + PKI_DAY - 1;
}

/* One thread's mints: for each partition, once it is met, and each profile. */
struct set {
	struct mint *(*mints)[CERTS_PER_HOLDER];
	unsigned partitions;
};

static struct mint *
mint_of(struct set *set, const struct pki_serial *serial, int i)
{
	const struct office *office = minters.office;
	struct mint **mint =
		&set->mints[pki_serial_partition(serial, set->partitions)][i];
	if (*mint == NULL)
		*mint = mint_new(pki_policy_profile(office->policy, minted_profiles[i]),
			&office->conf->ca_urls, serial, minters.issuer,
			minters.issuer_key);
	return *mint;
}

static void
mint_holder(struct set *set, pki_time now, struct minted_holder *out)
{
	struct pki_err err = { 0 };
	struct pki_name name;
	must(pki_id_make('H', out->id, &err), &err);
	const char *digits = out->id + 2;
	mint_subject(digits, &name);
	must(pki_name_hash(&name, out->name_hash, &err), &err);
	pki_name_identifier(&name, out->identifier);
	must(pki_name_key(&name, out->name_key, &err), &err);
	out->not_before = now;
	out->not_after = some_end(digits, now);
	for (int i = 0; i < CERTS_PER_HOLDER; i++) {
		struct minted *cert = &out->certs[i];
		must(pki_serial_random(&cert->serial, &err), &err);
		mint_certificate(mint_of(set, &cert->serial, i), digits, now,
			out->not_after, cert);
		must(pki_sha256_hex(cert->der.data, cert->der.len, out->digests[i], &err),
			&err);
	}
}

static void
free_set(struct set *set)
{
	for (unsigned k = 0; k <= set->partitions; k++)
		for (int i = 0; i < CERTS_PER_HOLDER; i++)
			if (set->mints[k][i] != NULL)
				mint_free(set->mints[k][i]);
	free(set->mints);
}

static void *
run(void *arg)
{
	struct set set = { .partitions = minters.office->conf->ca_urls.partitions };
	pki_time now = pki_time_now();
	set.mints = calloc(set.partitions + (size_t)1, sizeof *set.mints);
	if (set.mints == NULL)
		abort();
	for (;;) {
		struct minted_chunk *chunk = next_chunk();
		size_t count = chunk->count;
		for (size_t i = 0; i < count; i++)
			mint_holder(&set, now, &chunk->holders[i]);
		pthread_mutex_lock(&minters.lock);
		push(count != 0 ? &minters.full : &minters.empty, chunk);
		pthread_mutex_unlock(&minters.lock);
		if (count == 0)
			break;
	}
	free_set(&set);
	return arg;
}

void
minters_start(const struct office *office, size_t threads, uint64_t holders)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf secret = custody();
	char path[PATH_MAX];
	const struct pki_conf *conf = office->conf;
	must(pki_key_open(
		     conf->ca->ca_key, pki_buf_bytes(&secret), &minters.issuer_key, &err),
		&err);
	must(pki_conf_path(conf->publish, "ca.pem", path, &err), &err);
	must(pki_cert_read(path, &minters.issuer, &err), &err);
	minters.office = office;
	minters.to_mint = minters.to_write = holders;
	minters.thread_count = threads < MINTERS_MAX ? threads : MINTERS_MAX;
	for (size_t i = 0; i < minters.thread_count * CHUNKS_PER_MINTER; i++) {
		struct minted_chunk *chunk = calloc(1, sizeof *chunk);
		if (chunk == NULL)
			abort();
		push(&minters.empty, chunk);
	}
	for (size_t i = 0; i < minters.thread_count; i++)
		if (pthread_create(&minters.threads[i], NULL, run, NULL) != 0)
			abort();
}

struct minted_chunk *
minters_take(void)
{
	if (minters.to_write == 0)
		return NULL;
	pthread_mutex_lock(&minters.lock);
	struct minted_chunk *chunk = pop(&minters.full);
	pthread_mutex_unlock(&minters.lock);
	minters.to_write -= chunk->count;
	return chunk;
}

void
minters_give_back(struct minted_chunk *chunk)
{
	pthread_mutex_lock(&minters.lock);
	push(&minters.empty, chunk);
	pthread_mutex_unlock(&minters.lock);
}

static void
chunk_free(struct minted_chunk *chunk)
{
	for (size_t i = 0; i < HOLDERS_PER_CHUNK; i++)
		for (int c = 0; c < CERTS_PER_HOLDER; c++)
			pki_buf_free(&chunk->holders[i].certs[c].der);
	free(chunk);
}

void
minters_end(void)
{
	for (size_t i = 0; i < minters.thread_count; i++)
		pthread_join(minters.threads[i], NULL);
	for (struct minted_chunk *chunk = minters.empty, *next; chunk != NULL;
		chunk = next) {
		next = chunk->next;
		chunk_free(chunk);
	}
	minters.empty = NULL;
	pki_cert_free(minters.issuer);
	pki_key_free(minters.issuer_key);
}
