#include "ca/ceremony/root_crl.h"

enum pki_status
root_crl_build(const struct pki_cert *root, struct pki_key *key, uint64_t number,
	pki_time now, const struct pki_revoked *revoked, size_t count,
	struct pki_crl **out, struct pki_err *err)
{
	struct pki_crl_spec spec = {
		.issuer = root,
		.number = number,
		.this_update = now,
		.next_update = pki_time_add_years(now, 1),
		.revoked = revoked,
		.count = count,
	};
	return pki_crl_build(&spec, key, out, err);
}
