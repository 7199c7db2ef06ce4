#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/host/cli.h"

struct capture {
	int status;
	char out[8192];
	char err[8192];
	/* what run() saw */
	char id[64];
	char method[64];
	char evidence[64];
	int evidence_count;
	char config[64];
	bool json, fast;
	int ran;
};

static enum pki_status
run_verify(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	struct capture *c = ctx;
	const char *method = pki_arg(args, "method");
	const char *config = pki_arg(args, "config");
	const char *evidence = pki_arg_at(args, "evidence", 1);
	(void)err;
	c->ran++;
	snprintf(c->id, sizeof c->id, "%s",
		args->operand_count > 0 ? args->operands[0] : "");
	snprintf(c->method, sizeof c->method, "%s", method != NULL ? method : "(none)");
	snprintf(c->evidence, sizeof c->evidence, "%s",
		evidence != NULL ? evidence : "(none)");
	c->evidence_count = pki_arg_count(args, "evidence");
	snprintf(c->config, sizeof c->config, "%s", config != NULL ? config : "(none)");
	c->json = pki_arg_flag(args, "json");
	c->fast = pki_arg_flag(args, "fast");
	assert_null(pki_arg(args, "unheard-of"));
	assert_null(pki_arg_at(args, "evidence", 2));
	return PKI_OK;
}

static enum pki_status
run_refuse(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)args;
	(void)ctx;
	pki_refuse(err, PKI_RULE_ORDER_USED, "counted on 2026-11-22; make a new order");
	pki_err_object(err, "order O-1\033[31m\xff");
	return err->status;
}

static enum pki_status
run_bare(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)args;
	(void)ctx;
	(void)err;
	return PKI_BUSY;
}

static const struct pki_option verify_options[] = {
	{ "method", "TEXT", "how the person was identified", 0 },
	{ "evidence", "FILE", "a file to keep", 2 },
	{ "fast", NULL, "skip nothing", 0 },
	{ 0 },
};

static const struct pki_command commands[] = {
	{ "verify", "APPLICATION", "check an application", verify_options, 1, 1,
		run_verify },
	{ "refuse", "", "be refused", NULL, 0, 0, run_refuse },
	{ "bare", "", "fail without a word", NULL, 0, 0, run_bare },
	{ 0 },
};

static const struct pki_program program = { "pki-test", "a program for tests", commands };

static void
slurp(FILE *f, char *out, size_t size)
{
	rewind(f);
	size_t n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	fclose(f);
}

/* words: the command line, separated by single spaces */
static void
call(const char *words, struct capture *c)
{
	char line[512];
	char *argv[32] = { 0 };
	char name[] = "pki-test";
	int argc = 0;
	argv[argc++] = name;
	snprintf(line, sizeof line, "%s", words);
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	memset(c, 0, sizeof *c);
	fflush(stdout);
	fflush(stderr);
	int saved_out = dup(1);
	int saved_err = dup(2);
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	c->status = pki_cli_main(&program, argc, argv, c);
	fflush(stdout);
	fflush(stderr);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	slurp(out, c->out, sizeof c->out);
	slurp(err, c->err, sizeof c->err);
}

static void
options_reach_the_command(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"--config c.yaml verify A-1 --method=in-person --evidence a --evidence b --json --fast",
		"--json verify --fast --fast --method in-person --evidence=a --evidence=b --config=c.yaml -- A-1",
	};
	for (size_t i = 0; i < PKI_COUNT(lines); i++) {
		struct capture c;
		call(lines[i], &c);
		assert_int_equal(c.status, PKI_OK);
		assert_int_equal(c.ran, 1);
		assert_string_equal(c.id, "A-1");
		assert_string_equal(c.method, "in-person");
		assert_string_equal(c.evidence, "b");
		assert_int_equal(c.evidence_count, 2);
		assert_string_equal(c.config, "c.yaml");
		assert_true(c.json && c.fast);
		assert_string_equal(c.err, "");
	}
	struct capture c;
	call("verify -", &c);
	assert_string_equal(c.id, "-");
	assert_string_equal(c.method, "(none)");
	assert_int_equal(c.evidence_count, 0);
	assert_false(c.json || c.fast);
	call("verify -- --fast", &c);
	assert_string_equal(c.id, "--fast");
	assert_false(c.fast);
}

static void
wrong_use_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *want_err;
	} cases[] = {
		{ "", "a command is needed; pki-test --help lists them" },
		{ "verfy A-1", "unknown command \"verfy\"; did you mean verify?" },
		{ "ver A-1", "unknown command \"ver\"; did you mean verify?" },
		{ "xyzzy", "unknown command \"xyzzy\"; pki-test --help lists them" },
		{ "completion", "usage: pki-test completion bash" },
		{ "completion zsh", "usage: pki-test completion bash" },
		{ "verify", "an operand is missing; usage: pki-test verify APPLICATION" },
		{ "verify A-1 B-2",
			"\"B-2\" is one operand too many; usage: pki-test verify APPLICATION" },
		{ "verify --metod x A-1",
			"unknown option --metod; did you mean --method?" },
		{ "verify --metod=x A-1",
			"unknown option --metod; did you mean --method?" },
		{ "verify --jsn A-1", "unknown option --jsn; did you mean --json?" },
		{ "verify --quux A-1", "unknown option --quux; --help lists them" },
		{ "--method x verify A-1", "unknown option --method; --help lists them" },
		{ "verify -x A-1",
			"unknown option -x; options are words: --help lists them" },
		{ "verify A-1 --method", "--method needs a value: --method TEXT" },
		{ "verify --method --fast A-1", "--method needs a value: --method TEXT" },
		{ "verify --fast=yes A-1", "--fast takes no value" },
		{ "verify --method a --method b A-1",
			"--method is given more than 1 time" },
		{ "verify --evidence a --evidence b --evidence c A-1",
			"--evidence is given more than 2 times" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct capture c;
		char want[256];
		call(cases[i].line, &c);
		snprintf(want, sizeof want, "pki-test: %s\n", cases[i].want_err);
		assert_string_equal(c.err, want);
		assert_string_equal(c.out, "");
		assert_int_equal(c.status, PKI_USAGE);
		assert_int_equal(c.ran, 0);
	}
}

static void
help_is_aligned(void **state)
{
	(void)state;
	struct capture c;
	call("--help", &c);
	assert_int_equal(c.status, PKI_OK);
	assert_non_null(strstr(c.out, "\n  verify APPLICATION  check an application\n"
				      "  refuse              be refused\n"));
	assert_non_null(strstr(c.out, "Exit status: 0 for success; `man pki-test`"));
	call("verify --help", &c);
	assert_int_equal(c.status, PKI_OK);
	assert_int_equal(c.ran, 0);
	assert_ptr_equal(
		strstr(c.out, "usage: pki-test verify [OPTION...] APPLICATION\n\n"
			      "check an application\n"),
		c.out);
	assert_non_null(
		strstr(c.out, "\n  --method TEXT    how the person was identified\n"
			      "  --evidence FILE  a file to keep (up to 2 times)\n"
			      "  --fast           skip nothing\n"));
	call("completion --help", &c);
	assert_int_equal(c.status, PKI_OK);
	assert_ptr_equal(
		strstr(c.out, "usage: pki-test completion [OPTION...] bash\n"), c.out);
	call("-h", &c);
	assert_int_equal(c.status, PKI_OK);
	call("--version", &c);
	assert_string_equal(c.out, "pki-test " PKI_SUITE_VERSION "\n");
}

static void
errors_on_both_channels(void **state)
{
	(void)state;
	struct capture c;
	const char *want =
		"pki-test: order O-1?[31m?: rule 203 order-used (suite rule: an order counts once): counted on 2026-11-22; make a new order\n";
	call("refuse", &c);
	assert_int_equal(c.status, PKI_REFUSED);
	assert_string_equal(c.err, want);
	assert_string_equal(c.out, "");
	call("refuse --json", &c);
	assert_int_equal(c.status, PKI_REFUSED);
	assert_string_equal(c.err, want);
	PKI_CLEANUP(pki_json_cleanup) json_t *json = json_loads(c.out, 0, NULL);
	assert_non_null(json);
	const char *status, *rule, *object, *message, *clause;
	assert_int_equal(json_unpack(json, "{s:{s:s,s:s,s:s,s:s,s:s!}!}", "error",
				 "status", &status, "rule", &rule, "object", &object,
				 "message", &message, "clause", &clause),
		0);
	assert_string_equal(status, "refused");
	assert_string_equal(rule, "order-used");
	assert_string_equal(object, "order O-1?[31m?");
	assert_string_equal(message, "counted on 2026-11-22; make a new order");
	assert_string_equal(clause, "suite rule: an order counts once");
	call("xyzzy --json", &c);
	assert_int_equal(c.status, PKI_USAGE);
	assert_non_null(strstr(c.out, "\"status\": \"usage\""));
	assert_null(strstr(c.out, "rule"));
	call("bare", &c);
	assert_int_equal(c.status, PKI_BUSY);
	assert_string_equal(c.err, "pki-test: service busy, try again\n");
}

static void
full_disk_behind_stdout_is_seen(void **state)
{
	(void)state;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		char name[] = "pki-test";
		char help[] = "--help";
		char *argv[] = { name, help, NULL };
		if (freopen("/dev/full", "w", stdout) == NULL ||
			freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		_exit(pki_cli_main(&program, 2, argv, NULL));
	}
	int wait_status;
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	assert_int_equal(WEXITSTATUS(wait_status), PKI_FULL);
}

/* The script is tried in bash itself. */
static void
bash_completes(void **state)
{
	(void)state;
	static const struct {
		const char *words; /* array elements */
		const char *want;
	} cases[] = {
		{ "pki-test ver", "verify\n" },
		{ "pki-test ''", "verify\nrefuse\nbare\ncompletion\n" },
		{ "pki-test --config verify re", "refuse\n" },
		{ "pki-test verify --m", "--method\n" },
		{ "pki-test verify --method ''", "" },
		{ "pki-test verify --j", "--json\n" },
		{ "pki-test refuse --m", "" },
		{ "pki-test completion ''", "bash\n" },
	};
	struct capture c;
	call("completion bash", &c);
	assert_int_equal(c.status, PKI_OK);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char path[] = "/tmp/test_cli.XXXXXX";
		char command[64];
		char got[256];
		int fd = mkstemp(path);
		assert_true(fd >= 0);
		FILE *script = fdopen(fd, "w");
		fprintf(script,
			"set -eu\n%s\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]}-1))\n"
			"_pki_test || true\nfor w in \"${COMPREPLY[@]}\"; do echo $w; done\n",
			c.out, cases[i].words);
		fclose(script);
		snprintf(command, sizeof command, "bash %s", path);
		FILE *bash = popen(command, "r");
		assert_non_null(bash);
		size_t n = fread(got, 1, sizeof got - 1, bash);
		got[n] = '\0';
		assert_int_equal(pclose(bash), 0);
		unlink(path);
		if (cases[i].words[9] == '\'') /* options of every command come first */
			assert_non_null(strstr(got, cases[i].want));
		else
			assert_string_equal(got, cases[i].want);
	}
}

static void
table_aligns_by_display_width(void **state)
{
	(void)state;
	static const char *const headings[] = { "NAME", "STATE", "NOTE" };
	static const char *const rows[][3] = {
		{ "\xc3\x89lo\xc3\xafse", "good", "x" }, /* Éloïse */
		{ "e\xcc\x81", "short", NULL }, /* e + combining acute */
		{ "\xe5\xb1\xb1\xe7\x94\xb0", NULL, "wide" }, /* 山田 */
		{ "a\tb\033[1m", "x\xff",
			"\xe2\x80\xae"
			"evil" }, /* controls, bidi override */
		{ NULL, NULL, NULL },
	};
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	setlocale(LC_CTYPE, "C.UTF-8");
	assert_int_equal(pki_table_new(headings, 3, &table, &err), PKI_OK);
	for (size_t i = 0; i < PKI_COUNT(rows); i++)
		assert_int_equal(pki_table_add(table, rows[i], &err), PKI_OK);
	FILE *f = tmpfile();
	char got[512];
	pki_table_print(table, f);
	slurp(f, got, sizeof got);
	assert_string_equal(got, "NAME     STATE  NOTE\n"
				 "\xc3\x89lo\xc3\xafse   good   x\n"
				 "e\xcc\x81        short\n"
				 "\xe5\xb1\xb1\xe7\x94\xb0            wide\n"
				 "a?b?[1m  x?     ?evil\n"
				 "\n");
	static const char *const many[17];
	struct pki_table *wide = NULL;
	assert_int_equal(pki_table_new(many, 17, &wide, &err), PKI_INTERNAL);
}

static void
clean_cuts_at_whole_characters(void **state)
{
	(void)state;
	char out[4];
	setlocale(LC_CTYPE, "C.UTF-8");
	assert_int_equal(pki_cli_clean("a\xc3\xa9\xc3\xa9", out, sizeof out), 2);
	assert_string_equal(out, "a\xc3\xa9");
	assert_int_equal(pki_cli_clean("\xe2\x82", out, sizeof out), 2);
	assert_string_equal(out, "??");
	assert_int_equal(pki_cli_clean("", out, sizeof out), 0);
}

/* What a terminal on stderr is sent. */
static size_t
on_terminal(char *out, size_t size)
{
	int fd;
	fflush(NULL);
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);
	if (pid == 0) {
		for (uint64_t i = 0; i <= 100000; i++)
			pki_progress("signing", i, 100000);
		pki_progress_end();
		fflush(stderr);
		_exit(0);
	}
	size_t used = 0;
	ssize_t n;
	while (used < size - 1 && (n = read(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(fd);
	waitpid(pid, NULL, 0);
	return used;
}

static void
progress_only_on_a_terminal(void **state)
{
	(void)state;
	static char out[1 << 17];
	on_terminal(out, sizeof out);
	assert_non_null(strstr(out, "signing [#"));
	assert_non_null(strstr(out, "100 %  100000 of 100000"));
	int updates = 0;
	for (const char *p = out; (p = strstr(p, "signing")) != NULL; p++)
		updates++;
	assert_in_range(updates, 2, 1000);
	struct capture c;
	call("bare", &c);
	FILE *err = tmpfile();
	int saved = dup(2);
	dup2(fileno(err), 2);
	pki_progress("signing", 1, 2);
	pki_progress_end();
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	slurp(err, out, sizeof out);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_reach_the_command),
		cmocka_unit_test(wrong_use_is_refused),
		cmocka_unit_test(help_is_aligned),
		cmocka_unit_test(errors_on_both_channels),
		cmocka_unit_test(full_disk_behind_stdout_is_seen),
		cmocka_unit_test(bash_completes),
		cmocka_unit_test(table_aligns_by_display_width),
		cmocka_unit_test(clean_cuts_at_whole_characters),
		cmocka_unit_test(progress_only_on_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
