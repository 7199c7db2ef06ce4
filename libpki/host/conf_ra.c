#include "libpki/host/conf_ra.h"

#include "libpki/host/conf_priv.h"

enum pki_status
conf_load_ra(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_yaml *ra;
	whole->conf.ra = &whole->ra;
	PKI_TRY(pki_yaml_need(root, "ra", &ra, err));
	return conf_need_path(whole, ra, "store", &whole->ra.store, err);
}
