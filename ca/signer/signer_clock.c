#include "ca/signer/signer_clock_priv.h"

#include "ca/clock.h"

/* Time services step a clock by less than this between two events. */
#define LEAP_MSEC ((pki_msec)120 * 1000)

void
signer_clock_begin(struct signer_state *s, pki_msec last)
{
	pki_msec wall = pki_msec_now();
	s->clock.now = wall > last ? wall : last;
	s->clock.boot = pki_boot_msec();
}

/*
 * The boot clock runs on while the machine is suspended, and nobody sets it. The wall clock is
 * right if it moved as far as the boot clock since the last look.
 */
bool
signer_clock(struct signer_state *s, pki_msec *now)
{
	struct signer_clock *c = &s->clock;
	int64_t boot = pki_boot_msec();
	pki_msec expected = c->now + (boot - c->boot);
	c->wall = pki_msec_now();
	bool right = c->wall >= c->now && c->wall <= expected + LEAP_MSEC;
	*now = c->now = right ? c->wall : expected;
	c->boot = boot;
	return right;
}

enum pki_status
signer_now(struct signer_state *s, pki_msec *out, struct pki_err *err)
{
	return signer_clock(s, out) ? PKI_OK
				    : clock_implausible(*out, s->clock.wall, err);
}

enum pki_status
signer_tell_now(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	pki_msec now = 0;
	PKI_TRY(ipc_end(fields, err));
	bool right = signer_clock(s, &now);
	PKI_TRY(ipc_put_number(&s->reply, (uint64_t)now, err));
	return ipc_put_number(&s->reply, right ? 0 : (uint64_t)s->clock.wall, err);
}
