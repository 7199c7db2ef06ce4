#include "ca/ceremony/root_crl.h"

enum pki_status
root_crl_build(const struct pki_crl_spec *spec, struct pki_key *key, struct pki_crl **out,
	struct pki_err *err)
{
	struct pki_crl_spec whole = *spec;
	whole.next_update = pki_time_add_years(spec->this_update, 1);
	return pki_crl_build(&whole, key, out, err);
}
