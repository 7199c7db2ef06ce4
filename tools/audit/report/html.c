#include "tools/audit/report/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "libpki/host/cli.h"

/* U+202F, between groups of digits (ISO 80000-1 7.3.1) */
#define GROUP "\xe2\x80\xaf"

static void
escape(FILE *out, const char *clean)
{
	for (const char *p = clean; *p != '\0'; p++)
		switch (*p) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*p, out);
		}
}

void
html_text(FILE *out, const char *text)
{
	char clean[HTML_TEXT];
	pki_cli_clean(text, clean, sizeof clean);
	escape(out, clean);
}

void
html_textf(FILE *out, const char *fmt, ...)
{
	char text[HTML_TEXT];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	html_text(out, text);
}

static void
tag(FILE *out, const char *name, va_list ap, const char *end)
{
	fprintf(out, "<%s", name);
	for (const char *key; (key = va_arg(ap, const char *)) != NULL;) {
		const char *value = va_arg(ap, const char *);
		if (value == NULL)
			continue;
		fprintf(out, " %s=\"", key);
		html_text(out, value);
		fputc('"', out);
	}
	fputs(end, out);
}

void
html_open(FILE *out, const char *name, ...)
{
	va_list ap;
	va_start(ap, name);
	tag(out, name, ap, ">");
	va_end(ap);
}

void
html_close(FILE *out, const char *name)
{
	fprintf(out, "</%s>\n", name);
}

void
html_empty(FILE *out, const char *name, ...)
{
	va_list ap;
	va_start(ap, name);
	tag(out, name, ap, "/>\n");
	va_end(ap);
}

void
html_leaf(FILE *out, const char *name, const char *text, ...)
{
	va_list ap;
	va_start(ap, text);
	tag(out, name, ap, ">");
	va_end(ap);
	html_text(out, text);
	html_close(out, name);
}

void
html_number(int64_t n, char out[HTML_NUMBER])
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRId64, n);
	char *to = out;
	for (int i = 0; i < len; i++) {
		if (i > 0 && digits[i - 1] != '-' && (len - i) % 3 == 0)
			to = stpcpy(to, GROUP);
		*to++ = digits[i];
	}
	*to = '\0';
}
