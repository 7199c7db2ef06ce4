#include "crl/rounds.h"

#include <limits.h>

#include "crl/publish.h"
#include "crl/service.h"

/* After this many CRLs without urgency, urgent CRLs get a turn. */
#define ROUND_MAX 16

struct round {
	struct service *s;
	enum rounds_force force;
	bool (*due)(const struct service *s, const struct crl *crl);
	enum pki_status (*run)(
		struct service *s, struct crl *crl, bool force, struct pki_err *err);
	unsigned left; /* CRLs to make at most from now on */
};

/* A CRL left over by a stop between signing and publishing, or made by a second process. */
static enum pki_status
publish_only(struct service *s, struct crl *crl, bool force, struct pki_err *err)
{
	(void)force;
	return publish_last(s, crl, err);
}

static bool
is_behind(const struct service *s, const struct crl *crl)
{
	(void)s;
	return crl->last.number != 0 && crl->out.number != crl->last.number &&
	       !crl->refused;
}

/* A CRL refused by the gate does not stop the round; any further error does. *more: CRLs are
 * left. */
static enum pki_status
go_round(struct round *round, bool *more, struct pki_err *err)
{
	struct service *s = round->s;
	enum pki_status result = PKI_OK;
	*more = false;
	for (unsigned k = 0; k <= s->urls.partitions && !*more; k++) {
		struct crl *crl = &s->crls[k];
		struct pki_err own = { 0 };
		bool force = round->force == ROUNDS_ALL ||
			     (round->force == ROUNDS_FULL && k == 0);
		if (!force && !round->due(s, crl))
			continue;
		*more = round->left == 0;
		if (*more || round->run(s, crl, force, &own) == PKI_OK) {
			round->left -= !*more;
			continue;
		}
		if (result == PKI_OK)
			result = pki_err_move(err, &own);
		else
			pki_report_error(CRL_PROGRAM, &own);
		if (!crl->refused)
			return result;
	}
	return result;
}

enum pki_status
rounds_publish(
	struct service *s, enum rounds_force force, bool *more, struct pki_err *err)
{
	struct round rounds[] = {
		{ s, ROUNDS_DUE, is_behind, publish_only, UINT_MAX },
		{ s, ROUNDS_DUE, crl_is_urgent, publish_due, UINT_MAX },
		{ s, force, crl_is_due, publish_due,
			force == ROUNDS_DUE ? ROUND_MAX : UINT_MAX },
	};
	struct pki_err refused = { 0 };
	if (go_round(&rounds[0], more, &refused) != PKI_OK)
		pki_report_error(CRL_PROGRAM, &refused);
	/* where all are forced, each CRL is made once, urgent or not */
	if (force == ROUNDS_DUE)
		PKI_TRY(go_round(&rounds[1], more, err));
	PKI_TRY(go_round(&rounds[2], more, err));
	for (unsigned k = 0; k <= s->urls.partitions; k++)
		if (s->crls[k].refused)
			return pki_err_move(err, &refused);
	return PKI_OK;
}
