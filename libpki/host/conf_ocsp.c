#include "libpki/host/conf_ocsp.h"

#include <string.h>

#include "libpki/host/conf_priv.h"

#define THREADS_MAX 64
#define LIFETIME_MAX (10 * PKI_DAY)
/* About 13 MB when full: 3.2 kB each. */
#define CACHE_DEFAULT 4096
#define CACHE_MAX 16777216

static enum pki_status
load_algorithms(struct pki_yaml *list, struct pki_conf_ocsp *out, struct pki_err *err)
{
	out->algs[0] = PKI_ALG_P256;
	out->alg_count = 1;
	if (list == NULL)
		return PKI_OK;
	PKI_TRY(pki_yaml_expect_list(list, err));
	out->alg_count = pki_yaml_count(list);
	if (out->alg_count < 1 || out->alg_count > PKI_OCSP_ALGS_MAX)
		return pki_yaml_fail(
			list, err, "algorithms: 1 to %d of them", PKI_OCSP_ALGS_MAX);
	for (size_t i = 0; i < out->alg_count; i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		char name[32] = "";
		PKI_TRY(pki_yaml_string(node, name, sizeof name, err));
		out->algs[i] = pki_key_alg_by_name(name);
		if (out->algs[i] == 0)
			return pki_yaml_fail(node, err,
				"algorithms: no algorithm \"%s\"; P-256, P-384 or RSA-3072",
				name);
		for (size_t j = 0; j < i; j++)
			if (out->algs[j] == out->algs[i])
				return pki_yaml_fail(
					node, err, "algorithms: %s is there twice", name);
	}
	return PKI_OK;
}

/* The responses' content, and their cache. */
static enum pki_status
load_responses(struct pki_yaml *ocsp, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_conf_ocsp *out = &whole->ocsp;
	struct pki_yaml *unissued = pki_yaml_get(ocsp, "unissued");
	char word[16] = "revoked";
	PKI_TRY(pki_yaml_string(unissued, word, sizeof word, err));
	out->unknown = strcmp(word, "unknown") == 0;
	if (!out->unknown && strcmp(word, "revoked") != 0)
		return pki_yaml_fail(
			unissued, err, "unissued: \"%s\"; revoked or unknown", word);
	out->cache = CACHE_DEFAULT;
	PKI_TRY(pki_yaml_int(
		pki_yaml_get(ocsp, "cache"), 1, CACHE_MAX, &out->cache, err));
	out->export = "";
	if (pki_yaml_get(ocsp, "export") != NULL)
		PKI_TRY(conf_need_path(whole, ocsp, "export", &out->export, err));
	return load_algorithms(pki_yaml_get(ocsp, "algorithms"), out, err);
}

enum pki_status
conf_load_ocsp(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_yaml *ocsp, *node;
	struct pki_conf_ocsp *out = &whole->ocsp;
	whole->conf.ocsp = out;
	PKI_TRY(conf_need_name(root, "ocsp", &out->name, err));
	PKI_TRY(pki_yaml_need(root, "ocsp", &ocsp, err));
	PKI_TRY(pki_conf_text(ocsp, "listen", out->listen, sizeof out->listen, err));
	PKI_TRY(conf_get_listen(ocsp, "listen", out->listen, err));
	PKI_TRY(conf_get_listen(ocsp, "monitor", out->monitor, err));
	PKI_TRY(pki_yaml_need(ocsp, "threads", &node, err));
	PKI_TRY(pki_yaml_int(node, 1, THREADS_MAX, &out->threads, err));
	PKI_TRY(pki_yaml_need(ocsp, "lifetime", &node, err));
	PKI_TRY(pki_yaml_duration(node, &out->lifetime, err));
	if (out->lifetime > LIFETIME_MAX)
		return conf_fail_rule(node, PKI_RULE_OCSP_NEXT_UPDATE,
			"lifetime: an OCSP answer counts at most ten days; write 10d or less",
			err);
	PKI_TRY(load_responses(ocsp, whole, err));
	PKI_TRY(conf_need_path(whole, ocsp, "identity", &out->identity, err));
	return conf_need_path(whole, ocsp, "state", &out->state, err);
}
