#include "libpki/host/report.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/common/expect.h"

/* What one report wrote. */
struct journal {
	struct pki_report report;
	char *text;
	size_t len;
};

static void
begin(struct journal *journal, const char *what)
{
	pki_report_init(&journal->report, "pki-test", what);
	journal->report.to = open_memstream(&journal->text, &journal->len);
	assert_non_null(journal->report.to);
}

static void
end(struct journal *journal, const char *want)
{
	fclose(journal->report.to);
	assert_string_equal(journal->text, want);
	free(journal->text);
}

static void
trouble(struct journal *journal, enum pki_status status, const char *msg)
{
	struct pki_err err = { 0 };
	(void)pki_fail(&err, status, "%s", msg);
	pki_report_trouble(&journal->report, &err);
}

static void
the_same_trouble_is_written_once(void **state)
{
	(void)state;
	struct journal journal;
	begin(&journal, NULL);
	for (int i = 0; i < 5; i++) {
		trouble(&journal, PKI_UNAVAILABLE, "no answer");
		trouble(&journal, PKI_STATE, "HTTP 403");
	}
	end(&journal, "pki-test: no answer\npki-test: HTTP 403\n");
}

static void
it_is_written_again_after_the_interval(void **state)
{
	(void)state;
	struct journal journal;
	begin(&journal, "the mirror");
	journal.report.interval_msec = 0;
	trouble(&journal, PKI_UNAVAILABLE, "no answer");
	trouble(&journal, PKI_UNAVAILABLE, "still no answer");
	end(&journal,
		"pki-test: the mirror: no answer\npki-test: the mirror: still no answer\n");
}

static void
its_end_is_written_once(void **state)
{
	(void)state;
	struct journal journal;
	begin(&journal, NULL);
	pki_report_end(&journal.report); /* of no trouble */
	trouble(&journal, PKI_UNAVAILABLE, "no answer");
	pki_report_end(&journal.report);
	pki_report_end(&journal.report);
	end(&journal,
		"pki-test: no answer\npki-test: ended after 0 s, 1 failure: no answer\n");
}

static void
trouble_that_comes_and_goes_waits_for_the_interval(void **state)
{
	(void)state;
	struct journal journal;
	begin(&journal, NULL);
	for (int i = 0; i < 5; i++) {
		trouble(&journal, PKI_UNAVAILABLE, "no answer");
		pki_report_end(&journal.report);
	}
	end(&journal,
		"pki-test: no answer\npki-test: ended after 0 s, 1 failure: no answer\n");
}

static void
many_kinds_make_room_for_each_other(void **state)
{
	(void)state;
	struct journal journal;
	begin(&journal, NULL);
	for (int status = PKI_INPUT; status < PKI_INPUT + PKI_REPORT_KINDS + 1; status++)
		trouble(&journal, (enum pki_status)status, "x");
	end(&journal,
		"pki-test: x\npki-test: x\npki-test: x\npki-test: x\npki-test: x\n");
}

static void
nowhere_is_a_report_too(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	(void)pki_fail(&err, PKI_STATE, "x");
	pki_report_trouble(NULL, &err);
	pki_report_end(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_trouble_is_written_once),
		cmocka_unit_test(it_is_written_again_after_the_interval),
		cmocka_unit_test(its_end_is_written_once),
		cmocka_unit_test(trouble_that_comes_and_goes_waits_for_the_interval),
		cmocka_unit_test(many_kinds_make_room_for_each_other),
		cmocka_unit_test(nowhere_is_a_report_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
