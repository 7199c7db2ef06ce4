/*
 * The feed beside the log reads a witness's replies. The first octet is the size of the witness's last
 * cosignature as the feed knows it; the replies follow.
 */
#include <openssl/evp.h>

#include "libpki/base/file.h"
#include "libpki/state/log.h"
#include "tests/fuzz/http_dummy.h"
#include "tests/fuzz/temp.h"
#include "witness/cosigner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE 5
static const long codes[] = { 200, 409, 422, 403, 404, 500, 503, 0, 429 };

static struct {
	char dir[PATH_MAX];
	struct pki_witness witness;
	struct pki_checkpoint checkpoint;
	struct pki_buf note;
} world;

/* Keys are the same in every run, so that cosignatures in the corpus verify in every run. */
static struct pki_key *
fixed_ed25519(uint8_t which)
{
	uint8_t seed[32];
	struct pki_key *key = NULL;
	struct pki_err err = { 0 };
	memset(seed, which, sizeof seed);
	EVP_PKEY *evp =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	if (evp == NULL || pki_key_from_evp(evp, &key, &err) != PKI_OK)
		abort();
	EVP_PKEY_free(evp);
	return key;
}

/* A log of SIZE entries: its only tile and its checkpoint. */
static void
begin(void)
{
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *log = fixed_ed25519(1);
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *witness = fixed_ed25519(2);
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	struct pki_hash leaves[SIZE];
	struct pki_err err = { 0 };
	char path[PATH_MAX];
	for (uint8_t i = 0; i < SIZE; i++)
		if (pki_merkle_leaf((struct pki_bytes){ &i, 1 }, &leaves[i], &err) !=
			PKI_OK)
			abort();
	temp_make();
	temp_path("tile/0/000.p", path);
	if (pki_file_mkdirs(path, 0755, &err) != PKI_OK)
		abort();
	temp_path("tile/0/000.p/5", path);
	if (pki_file_create(path, leaves, sizeof leaves, 0644, &err) != PKI_OK)
		abort();
	temp_path("", world.dir);
	struct pki_log_tiles tiles = { world.dir, SIZE };
	struct pki_merkle_source source = pki_log_tiles_source(&tiles);
	strcpy(world.checkpoint.origin, "log.example.test/1");
	world.checkpoint.size = SIZE;
	strcpy(world.witness.name, "court.example.test/w1");
	strcpy(world.witness.url, "http://127.0.0.1:1");
	if (pki_merkle_root(SIZE, &source, &world.checkpoint.root, &err) != PKI_OK ||
		pki_checkpoint_sign(&world.checkpoint, log, &world.note, &err) !=
			PKI_OK ||
		pki_note_vkey(PKI_NOTE_WITNESS, world.witness.name, witness, &vkey,
			&err) != PKI_OK)
		abort();
	snprintf(world.witness.vkey, sizeof world.witness.vkey, "%s",
		(const char *)vkey.data);
}

/* The line must make the note a cosigned one. */
static void
check_line(const struct pki_buf *line)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_err err = { 0 };
	pki_time at = 0;
	if (line->len == 0 || line->data[line->len - 1] != '\n' ||
		pki_buf_append(&note, world.note.data, world.note.len, &err) != PKI_OK ||
		pki_buf_append(&note, line->data, line->len, &err) != PKI_OK ||
		pki_checkpoint_cosigned(pki_buf_bytes(&note), world.witness.vkey, &at,
			NULL, &err) != PKI_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
	struct pki_err err = { 0 };
	if (world.note.len == 0)
		begin();
	if (size < 1)
		return 0;
	uint64_t known = data[0] % (SIZE + 2);
	http_dummy_read(data + 1, size - 1, codes, PKI_COUNT(codes));
	const struct cosigning cosigning = { .witness = &world.witness,
		.log_dir = world.dir,
		.note = pki_buf_bytes(&world.note),
		.checkpoint = world.checkpoint };
	enum pki_status status = cosigner_call(&cosigning, &known, &line, &err);
	if (status != err.status || known > SIZE + 1)
		abort();
	if (status == PKI_OK && known == SIZE)
		check_line(&line);
	else if (status == PKI_OK || line.len != 0)
		abort();
	return 0;
}
