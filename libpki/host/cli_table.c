#include "libpki/host/cli.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

/* A terminal shows no more updates than an eye can follow. */
#define PROGRESS_MSEC 100
#define PROGRESS_WIDTH 30

struct cell {
	size_t text; /* offset in the table's text */
	size_t width;
};

/* Wider tables do not fit a terminal. */
#define COLUMNS_MAX 16
#define COLUMN_GAP 2

struct pki_table {
	size_t columns;
	size_t rows; /* the first are the headings */
	size_t room;
	struct cell *cells;
	struct pki_buf text; /* of all cells, each with a NUL */
	size_t widths[COLUMNS_MAX];
};

/* Marks that reorder or hide neighbouring text (Unicode TR 36): with them a name could lie. */
static bool
is_deceptive(wchar_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

size_t
pki_cli_clean(const char *text, char *out, size_t size)
{
	mbstate_t state = { 0 };
	size_t width = 0;
	size_t used = 0;
	size_t left = strlen(text);
	while (left > 0) {
		wchar_t c;
		size_t n = mbrtowc(&c, text, left, &state);
		bool valid = n != 0 && n <= left;
		bool shown = valid && iswprint((wint_t)c) && !is_deceptive(c);
		if (!valid) {
			n = 1;
			state = (mbstate_t){ 0 };
		}
		size_t need = shown ? n : 1;
		if (used + need >= size)
			break;
		memcpy(out + used, shown ? text : "?", need);
		int cells = shown ? wcwidth(c) : 1;
		width += cells > 0 ? (size_t)cells : 0;
		used += need;
		text += n;
		left -= n;
	}
	out[used] = '\0';
	return width;
}

enum pki_status
pki_table_new(const char *const *headings, size_t columns, struct pki_table **out,
	struct pki_err *err)
{
	if (columns == 0 || columns > COLUMNS_MAX)
		return pki_fail(err, PKI_INTERNAL, "a table of %zu columns", columns);
	struct pki_table *table = calloc(1, sizeof *table);
	if (table == NULL)
		return pki_fail(err, PKI_MEMORY, "making a table");
	table->columns = columns;
	enum pki_status status = pki_table_add(table, headings, err);
	if (status != PKI_OK) {
		pki_table_free(table);
		return status;
	}
	*out = table;
	return PKI_OK;
}

static enum pki_status
make_room(struct pki_table *table, struct pki_err *err)
{
	if (table->rows < table->room)
		return PKI_OK;
	size_t room = table->room != 0 ? 2 * table->room : 16;
	struct cell *cells =
		reallocarray(table->cells, room, table->columns * sizeof *cells);
	if (cells == NULL)
		return pki_fail(err, PKI_MEMORY, "a table of %zu rows", room);
	table->cells = cells;
	table->room = room;
	return PKI_OK;
}

enum pki_status
pki_table_add(struct pki_table *table, const char *const *cells, struct pki_err *err)
{
	PKI_TRY(make_room(table, err));
	struct cell *row = &table->cells[table->rows * table->columns];
	for (size_t i = 0; i < table->columns; i++) {
		const char *text = cells[i] != NULL ? cells[i] : "";
		size_t size = strlen(text) + 1;
		PKI_TRY(pki_buf_reserve(&table->text, size, err));
		char *copy = (char *)table->text.data + table->text.len;
		row[i] =
			(struct cell){ table->text.len, pki_cli_clean(text, copy, size) };
		table->text.len += strlen(copy) + 1;
		if (row[i].width > table->widths[i])
			table->widths[i] = row[i].width;
	}
	table->rows++;
	return PKI_OK;
}

/* Spaces are written only before further text: no line ends with a space. */
void
pki_table_print(const struct pki_table *table, FILE *out)
{
	for (size_t i = 0; i < table->rows; i++) {
		const struct cell *row = &table->cells[i * table->columns];
		size_t pad = 0;
		for (size_t j = 0; j < table->columns; j++) {
			const char *text = (const char *)table->text.data + row[j].text;
			if (text[0] != '\0') {
				fprintf(out, "%*s%s", (int)pad, "", text);
				pad = 0;
			}
			pad += table->widths[j] - row[j].width + COLUMN_GAP;
		}
		fputc('\n', out);
	}
}

void
pki_table_free(struct pki_table *table)
{
	if (table == NULL)
		return;
	pki_buf_free(&table->text);
	free(table->cells);
	free(table);
}

void
pki_table_cleanup(struct pki_table **table)
{
	pki_table_free(*table);
}

/* A process has a single terminal. */
static struct {
	bool shown;
	int64_t last; /* ms, monotonic */
} progress;

static int64_t
monotonic_msec(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
pki_progress(const char *what, uint64_t done, uint64_t total)
{
	if (!isatty(STDERR_FILENO))
		return;
	int64_t now = monotonic_msec();
	if (progress.shown && done != total && now - progress.last < PROGRESS_MSEC)
		return;
	progress.shown = true;
	progress.last = now;
	if (total == 0) {
		fprintf(stderr, "\r%s: %" PRIu64 "\033[K", what, done);
		return;
	}
	double part = done < total ? (double)done / (double)total : 1.0;
	int full = (int)(part * PROGRESS_WIDTH);
	fprintf(stderr, "\r%s [%.*s%*s] %3d %%  %" PRIu64 " of %" PRIu64 "\033[K", what,
		full, "##############################", PROGRESS_WIDTH - full, "",
		(int)(part * 100), done, total);
}

void
pki_progress_end(void)
{
	if (progress.shown)
		fprintf(stderr, "\r\033[K");
	progress.shown = false;
}
