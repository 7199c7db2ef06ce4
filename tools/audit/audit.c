#include "tools/audit/audit.h"

#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "libpki/host/conf.h"
#include "tools/audit/workers.h"

static enum pki_status
find_vkey(const struct pki_args *args, const char *publish, struct pki_buf *out,
	struct pki_err *err)
{
	char path[PATH_MAX];
	const char *given = pki_arg(args, "vkey");
	if (given == NULL)
		PKI_TRY(pki_conf_path(publish, "log/vkey", path, err));
	return sources_read_vkey(given != NULL ? given : path, out, err);
}

/* --jobs, else the number of processors that this process may use */
static enum pki_status
start_workers(struct audit *a, const struct pki_args *args, struct pki_err *err)
{
	const char *given = pki_arg(args, "jobs");
	unsigned long jobs = 1;
	cpu_set_t ours;
	if (given != NULL) {
		char *end;
		jobs = strtoul(given, &end, 10);
		if (*end != '\0' || given[0] < '0' || given[0] > '9' || jobs < 1 ||
			jobs > WORKERS_MAX)
			return pki_fail(err, PKI_USAGE,
				"--jobs takes a number from 1 to %d", WORKERS_MAX);
	} else if (sched_getaffinity(0, sizeof ours, &ours) == 0) {
		jobs = (unsigned long)CPU_COUNT(&ours);
	}
	return workers_new(a, jobs < WORKERS_MAX ? jobs : WORKERS_MAX, &a->workers, err);
}

enum pki_status
audit_open(struct audit *a, const struct pki_args *args, struct pki_err *err)
{
	a->sources = calloc(1, sizeof *a->sources);
	if (a->sources == NULL)
		return pki_fail(err, PKI_MEMORY, "the audit's sources");
	PKI_TRY(sources_find(args, a->sources, err));
	PKI_TRY(pki_ledger_open(a->sources->ledger, PKI_LEDGER_READ, &a->ledger, err));
	PKI_TRY(start_workers(a, args, err));
	PKI_TRY(find_vkey(args, a->sources->publish, &a->vkey_text, err));
	PKI_TRY(policies_load(&a->policies, args, a->sources->policy, err));
	PKI_TRY(pki_cms_cache_new(&a->cache, err));
	a->vkey = (const char *)a->vkey_text.data;
	PKI_TRY(findings_new(&a->findings, err));
	early_read(&a->early, a->sources->publish);
	clock_gettime(CLOCK_REALTIME_COARSE, &a->started);
	return workers_snapshot(a, err);
}

void
audit_free(struct audit *a)
{
	workers_free(a->workers);
	pki_ledger_close(a->ledger);
	policies_free(&a->policies);
	pki_cert_free(a->issuers[PKI_ISSUER_ROOT]);
	pki_cert_free(a->issuers[PKI_ISSUER_CA]);
	pki_cms_cache_free(a->cache);
	findings_free(a->findings);
	early_free(&a->early);
	json_decref(a->log.ceremony);
	pki_buf_free(&a->vkey_text);
	free(a->sources);
}

int
audit_exit_status(const struct audit *a)
{
	static const enum pki_status statuses[SEVERITIES] = { PKI_OK, PKI_STATE,
		PKI_REFUSED, PKI_TAMPERED };
	return (int)statuses[findings_worst(a->findings)];
}

void
audit_add_finding(struct audit *a, const char *object, struct pki_err *err)
{
	pki_err_object(err, "%s", object);
	findings_put(a->findings, &a->position, err);
	*err = (struct pki_err){ 0 };
}

void
audit_add_breach(
	struct audit *a, const char *object, enum pki_rule rule, const char *fmt, ...)
{
	char text[512];
	struct pki_err own = { 0 };
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)pki_fail_rule(&own, PKI_TAMPERED, rule, "%s", text);
	audit_add_finding(a, object, &own);
}

const struct pki_policy *
audit_policy(struct audit *a, uint64_t entry)
{
	struct policy_period *period = policies_at(&a->policies, entry);
	if (period == NULL)
		return a->policies.given[0];
	if (period->policy == NULL && !atomic_exchange(&period->reported, true)) {
		char object[ENTRY_OBJECT];
		struct pki_err own = { 0 };
		entry_object(period->from, object);
		(void)pki_fail_rule(&own, PKI_NOTFOUND, PKI_RULE_LOG_EVENT,
			"the policy loaded then (SHA-256 %.16s...) was not given: orders under this policy are not judged; name a copy of its folder by --policy too",
			period->digest);
		audit_add_finding(a, object, &own);
	}
	return period->policy;
}

bool
audit_file_is_newer(const struct audit *a, const char *path)
{
	struct stat st;
	const struct timespec *began = &a->started;
	return stat(path, &st) == 0 &&
	       (st.st_ctim.tv_sec > began->tv_sec ||
		       (st.st_ctim.tv_sec == began->tv_sec &&
			       st.st_ctim.tv_nsec > began->tv_nsec));
}
