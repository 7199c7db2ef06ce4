#include "libpki/tlog/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The eight leaves that Certificate Transparency's reference tests use for RFC 9162's tree.
 */
static const struct {
	const char *entry_hex;
	const char *want_root; /* over the entries up to and with this one */
} vectors[] = {
	{ "", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
	{ "10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
	{ "2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
	{ "40414243",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
	{ "5051525354555657",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
	{ "606162636465666768696a6b6c6d6e6f",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};

/* Trees up to this size are tried with every index and every older size. */
#define TREE_MAX 70

struct tree {
	struct pki_hash leaves[TREE_MAX];
	uint64_t size;
};

/* The definition of RFC 9162 2.1.1, straight. */
static struct pki_hash
plain_root(const struct pki_hash *leaves, size_t n)
{
	struct pki_err err = { 0 };
	struct pki_hash out = { 0 };
	if (n == 0) {
		assert_int_equal(pki_sha256("", 0, out.octets, &err), PKI_OK);
		return out;
	}
	if (n == 1)
		return leaves[0];
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	struct pki_hash left = plain_root(leaves, k);
	struct pki_hash right = plain_root(leaves + k, n - k);
	assert_int_equal(pki_merkle_node(&left, &right, &out, &err), PKI_OK);
	return out;
}

static enum pki_status
read_tree(void *ctx, unsigned level, uint64_t index, struct pki_hash *out,
	struct pki_err *err)
{
	const struct tree *tree = ctx;
	size_t width = (size_t)1 << level;
	if ((index + 1) * width > tree->size)
		return pki_fail(err, PKI_NOTFOUND, "subtree %u/%ju is not complete",
			level, (uintmax_t)index);
	*out = plain_root(tree->leaves + index * width, width);
	return PKI_OK;
}

static void
grow(struct tree *tree, size_t size)
{
	struct pki_err err = { 0 };
	for (size_t i = tree->size; i < size; i++) {
		uint8_t entry[2] = { (uint8_t)i, 7 };
		struct pki_bytes bytes = { entry, sizeof entry };
		assert_int_equal(pki_merkle_leaf(bytes, &tree->leaves[i], &err), PKI_OK);
	}
	tree->size = size;
}

static void
r80_known_roots(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct tree tree = { 0 };
	struct pki_merkle_source src = { read_tree, &tree };
	struct pki_hash root;
	char hex[PKI_SHA256_HEX];
	assert_int_equal(pki_merkle_root(0, &src, &root, &err), PKI_OK);
	pki_hex_encode(root.octets, sizeof root.octets, hex);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < PKI_COUNT(vectors); i++) {
		uint8_t entry[16];
		size_t len = 0;
		assert_int_equal(pki_hex_decode(vectors[i].entry_hex, entry, sizeof entry,
					 &len, &err),
			PKI_OK);
		struct pki_bytes bytes = { entry, len };
		assert_int_equal(pki_merkle_leaf(bytes, &tree.leaves[i], &err), PKI_OK);
		tree.size++;
		assert_int_equal(pki_merkle_root(i + 1, &src, &root, &err), PKI_OK);
		pki_hex_encode(root.octets, sizeof root.octets, hex);
		assert_string_equal(hex, vectors[i].want_root);
	}
}

static enum pki_status
prove(bool inclusion, uint64_t first, uint64_t size, const struct pki_merkle_source *src,
	struct pki_proof *proof, struct pki_err *err)
{
	return inclusion ? pki_merkle_inclusion(first, size, src, proof, err)
			 : pki_merkle_consistency(first, size, src, proof, err);
}

static void
r80_known_proofs(void **state)
{
	(void)state;
	static const struct {
		bool inclusion;
		uint64_t first, size;
		size_t want_count;
	} cases[] = {
		{ true, 0, 1, 0 },
		{ true, 0, 8, 3 },
		{ true, 5, 8, 3 },
		{ true, 2, 3, 1 },
		{ true, 1, 5, 3 },
		{ true, 6, 7, 2 },
		{ false, 1, 1, 0 },
		{ false, 1, 8, 3 },
		{ false, 6, 8, 3 },
		{ false, 2, 5, 2 },
		{ false, 3, 7, 4 }, /* RFC 9162 2.1.5 */
		{ false, 4, 7, 1 },
		{ false, 6, 7, 3 },
	};
	struct tree tree = { 0 };
	grow(&tree, 8);
	struct pki_merkle_source src = { read_tree, &tree };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_proof proof;
		enum pki_status status = prove(cases[i].inclusion, cases[i].first,
			cases[i].size, &src, &proof, &err);
		assert_int_equal(status, PKI_OK);
		assert_int_equal(proof.count, cases[i].want_count);
	}
}

/* What a proof speaks of: inclusion of leaf m in n, or consistency of size m with n. */
struct claim {
	bool inclusion;
	uint64_t m, n;
	struct pki_hash first; /* leaf or old root */
	struct pki_hash root;
	struct pki_proof proof;
};

static enum pki_status
check(const struct claim *c, struct pki_err *err)
{
	return c->inclusion ? pki_merkle_check_inclusion(
				      &c->first, c->m, c->n, &c->root, &c->proof, err)
			    : pki_merkle_check_consistency(
				      c->m, &c->first, c->n, &c->root, &c->proof, err);
}

static void
holds(const struct claim *c)
{
	struct pki_err err = { 0 };
	assert_int_equal(check(c, &err), PKI_OK);
}

static void
refused(const struct claim *c)
{
	struct pki_err err = { 0 };
	assert_int_equal(check(c, &err), PKI_TAMPERED);
	assert_int_equal(err.rule, PKI_RULE_LOG_HASH);
}

/* Every hash of the proof changed in turn, one cut off, one put behind, wrong ends. */
static void
refused_when_tampered(struct claim c)
{
	for (size_t i = 0; i < c.proof.count; i++) {
		c.proof.hashes[i].octets[i % PKI_SHA256] ^= 1;
		refused(&c);
		c.proof.hashes[i].octets[i % PKI_SHA256] ^= 1;
	}
	c.root.octets[31] ^= 0x80;
	refused(&c);
	c.root.octets[31] ^= 0x80;
	c.first.octets[0] ^= 1;
	refused(&c);
	c.first.octets[0] ^= 1;
	if (c.proof.count > 0) {
		c.proof.count--;
		refused(&c);
		c.proof.count++;
	}
	c.proof.hashes[c.proof.count++] = c.root;
	refused(&c);
}

static void
r80_every_inclusion(void **state)
{
	(void)state;
	struct tree tree = { 0 };
	struct pki_merkle_source src = { read_tree, &tree };
	for (size_t n = 1; n <= TREE_MAX; n++) {
		grow(&tree, n);
		struct claim c = { .inclusion = true, .n = n };
		c.root = plain_root(tree.leaves, n);
		for (size_t m = 0; m < n; m++) {
			struct pki_err err = { 0 };
			c.m = m;
			c.first = tree.leaves[m];
			assert_int_equal(
				pki_merkle_inclusion(m, n, &src, &c.proof, &err), PKI_OK);
			holds(&c);
			refused_when_tampered(c);
			struct claim other = c;
			other.m = (m + 1) % n;
			if (n > 1)
				refused(&other);
		}
	}
}

static void
r80_r81_every_consistency(void **state)
{
	(void)state;
	struct tree tree = { 0 };
	struct pki_merkle_source src = { read_tree, &tree };
	for (size_t n = 1; n <= TREE_MAX; n++) {
		grow(&tree, n);
		struct claim c = { .n = n };
		c.root = plain_root(tree.leaves, n);
		for (size_t m = 1; m <= n; m++) {
			struct pki_err err = { 0 };
			c.m = m;
			c.first = plain_root(tree.leaves, m);
			assert_int_equal(
				pki_merkle_consistency(m, n, &src, &c.proof, &err),
				PKI_OK);
			holds(&c);
			refused_when_tampered(c);
			struct claim shrunk = c;
			shrunk.m = n;
			shrunk.n = m;
			if (m < n)
				refused(&shrunk);
		}
	}
}

static void
r80_ends_are_checked(void **state)
{
	(void)state;
	static const struct {
		bool inclusion;
		uint64_t first, size;
		enum pki_status want;
	} cases[] = {
		{ true, 4, 4, PKI_INPUT },
		{ true, 0, 0, PKI_INPUT },
		{ true, 0, 5, PKI_NOTFOUND },
		{ false, 0, 4, PKI_INPUT },
		{ false, 5, 4, PKI_INPUT },
		{ false, 3, 5, PKI_NOTFOUND },
	};
	struct tree tree = { 0 };
	grow(&tree, 4);
	struct pki_merkle_source src = { read_tree, &tree };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_proof proof;
		enum pki_status status = prove(cases[i].inclusion, cases[i].first,
			cases[i].size, &src, &proof, &err);
		assert_int_equal(status, cases[i].want);
	}
	struct claim empty = { .inclusion = true };
	refused(&empty);
	struct claim from_nothing = { .n = 4 };
	holds(&from_nothing);
	from_nothing.proof.count = 1;
	refused(&from_nothing);
}

static enum pki_status
seen(void *ctx, unsigned level, uint64_t index, const struct pki_hash *hash,
	struct pki_err *err)
{
	struct pki_hash want;
	(void)err;
	assert_int_equal(read_tree(ctx, level, index, &want, NULL), PKI_OK);
	assert_memory_equal(hash, &want, sizeof want);
	return PKI_OK;
}

/* A tree that grows from any size has the root of the definition, and shows each subtree. */
static void
r80_a_tree_grows_from_any_size(void **state)
{
	(void)state;
	static struct tree tree;
	struct pki_err err = { 0 };
	grow(&tree, TREE_MAX);
	const struct pki_merkle_source source = { read_tree, &tree };
	const struct pki_merkle_sink sink = { seen, &tree };
	for (uint64_t from = 0; from <= TREE_MAX; from++) {
		struct pki_merkle_peaks peaks;
		assert_int_equal(pki_merkle_peaks(from, &source, &peaks, &err), PKI_OK);
		for (;;) {
			struct pki_hash root = { 0 },
					want = plain_root(tree.leaves, peaks.size);
			assert_int_equal(
				pki_merkle_peaks_root(&peaks, &root, &err), PKI_OK);
			assert_memory_equal(&root, &want, sizeof want);
			if (peaks.size == TREE_MAX)
				break;
			assert_int_equal(pki_merkle_grow(&peaks, &tree.leaves[peaks.size],
						 &sink, &err),
				PKI_OK);
		}
	}
	struct pki_merkle_peaks full = { .size = UINT64_MAX };
	assert_int_equal(pki_merkle_grow(&full, &tree.leaves[0], NULL, &err), PKI_LIMIT);
}

static void
sizes_beyond_any_log_end(void **state)
{
	(void)state;
	struct claim c = { .inclusion = true, .m = UINT64_MAX - 1, .n = UINT64_MAX };
	c.proof.count = PKI_PROOF_MAX;
	refused(&c);
	c.inclusion = false;
	c.m = 1;
	refused(&c);
	c.proof.count = PKI_PROOF_MAX + 1;
	refused(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r80_known_roots),
		cmocka_unit_test(r80_known_proofs),
		cmocka_unit_test(r80_every_inclusion),
		cmocka_unit_test(r80_r81_every_consistency),
		cmocka_unit_test(r80_ends_are_checked),
		cmocka_unit_test(r80_a_tree_grows_from_any_size),
		cmocka_unit_test(sizes_beyond_any_log_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
