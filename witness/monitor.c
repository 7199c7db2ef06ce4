#include "witness/monitor.h"

#include <string.h>

enum metric { REQUESTS, SIZE, COSIGNED };

static const char *const codes[] = { "200", "400", "403", "404", "405", "409", "422",
	"500", "503", NULL };
static const char *origins[WITNESS_LOGS_MAX + 1]; /* the configuration's, each once */

static const struct pki_metric metrics[] = {
	[REQUESTS] = { "pki_witness_requests_total", PKI_COUNTER,
		"Requests to add a checkpoint, by HTTP status.",
		{ { "code", codes, NULL } } },
	[SIZE] = { "pki_witness_log_size", PKI_GAUGE,
		"Entries of the log's checkpoint that was cosigned last.",
		{ { "log", origins, NULL } } },
	[COSIGNED] = { "pki_witness_cosigned_age_seconds", PKI_AGE,
		"Since the last cosignature for the log.", { { "log", origins, NULL } } },
	{ 0 },
};

static size_t
index_of(const char *const *list, const char *what)
{
	size_t i = 0;
	while (list[i] != NULL && strcmp(list[i], what) != 0)
		i++;
	return i;
}

static void
check_health(void *ctx, struct pki_health *health)
{
	struct witness *witness = ctx;
	pthread_mutex_lock(&witness->lock);
	bool failing = witness->failing;
	pthread_mutex_unlock(&witness->lock);
	if (failing)
		pki_health_wrong(health,
			"the last checkpoint could not be cosigned; the journal says why");
	for (size_t i = 0; origins[i] != NULL; i++)
		if (state_forked(witness->conf, origins[i]))
			pki_health_wrong(health,
				"%s: the log signed two trees of one size; the state folder has the proof",
				origins[i]);
}

enum pki_status
monitor_listen(struct witness *witness, struct pki_err *err)
{
	const struct witness_conf *conf = witness->conf;
	const struct pki_monitor_config config = {
		.listen = conf->monitor,
		.metrics = metrics,
		.sets = 1,
		.health = check_health,
		.ctx = witness,
	};
	size_t count = 0;
	for (size_t i = 0; i < conf->log_count; i++)
		if (origins[index_of(origins, conf->logs[i].origin)] == NULL)
			origins[count++] = conf->logs[i].origin;
	PKI_TRY(pki_monitor_listen(&config, &witness->monitor, err));
	for (size_t i = 0; i < count; i++) {
		struct pki_checkpoint cp;
		pki_time at;
		PKI_TRY(state_latest(witness, origins[i], &cp, &at, err));
		monitor_log(witness, origins[i], cp.size, at);
	}
	return PKI_OK;
}

/* A single writer at a time. */
static struct pki_cells *
cells_of(struct witness *witness)
{
	return witness->monitor != NULL ? pki_monitor_cells(witness->monitor, 0) : NULL;
}

void
monitor_answer(struct witness *witness, unsigned code)
{
	struct pki_cells *cells = cells_of(witness);
	char text[] = { (char)('0' + code / 100), (char)('0' + code / 10 % 10),
		(char)('0' + code % 10), '\0' };
	size_t which = index_of(codes, text);
	if (cells == NULL || codes[which] == NULL)
		return;
	pthread_mutex_lock(&witness->lock);
	pki_cells_add(cells, REQUESTS, which, 1);
	pthread_mutex_unlock(&witness->lock);
}

void
monitor_log(struct witness *witness, const char *origin, uint64_t size, pki_time at)
{
	struct pki_cells *cells = cells_of(witness);
	size_t which = index_of(origins, origin);
	if (cells == NULL || origins[which] == NULL)
		return;
	pki_cells_set(cells, SIZE, which, (int64_t)size);
	pki_cells_set(cells, COSIGNED, which, at);
}
