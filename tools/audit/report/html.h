/*
 * HTML, also well-formed XML, written to a stream. Only this module escapes text and the
 * values of attributes, so no text can add an element. Failures stay in the stream; look
 * with ferror() at the end.
 */
#ifndef TOOLS_AUDIT_REPORT_HTML_H
#define TOOLS_AUDIT_REPORT_HTML_H

#include <stdint.h>
#include <stdio.h>

#include "libpki/base/err.h"

/* A text is cut at so many octets. */
#define HTML_TEXT 1024

/* After the name: pairs of attribute and value, HTML_END. A value NULL: no attribute. */
#define HTML_END ((const char *)NULL)
void html_open(FILE *out, const char *name, ...) __attribute__((sentinel));
void html_close(FILE *out, const char *name);
/* <name .../> */
void html_empty(FILE *out, const char *name, ...) __attribute__((sentinel));
/* <name ...>text</name> */
void html_leaf(FILE *out, const char *name, const char *text, ...)
	__attribute__((sentinel));
/* Control characters, malformed UTF-8 and marks for the direction of text become "?". */
void html_text(FILE *out, const char *text);
void html_textf(FILE *out, const char *fmt, ...) PKI_PRINTF(2, 3);
/* A count, in groups of three digits with narrow spaces between. */
#define HTML_NUMBER 40
void html_number(int64_t n, char out[HTML_NUMBER]);

#endif
