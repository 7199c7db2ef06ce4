#include "libpki/host/cli.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "libpki/host/cli_priv.h"

/* A monitor's exit status for a check that failed to run. */
#define EXIT_UNKNOWN 3

struct parser {
	const struct pki_program *program;
	const struct pki_command
		*command; /* NULL until the command line named a command */
	int argc;
	char **argv;
	int at;
	struct pki_args *args;
	struct pki_err *err;
};

/* The option, and its slot in pki_args; -1: no such option. */
static int
find_option(const struct pki_option *own, const char *name, size_t len,
	const struct pki_option **option)
{
	for (int i = 0; own != NULL && own[i].name != NULL; i++)
		if (strlen(own[i].name) == len && strncmp(own[i].name, name, len) == 0) {
			*option = &own[i];
			return i;
		}
	for (int i = 0; i < PKI_COMMON_COUNT; i++) {
		const struct pki_option *common = &pki_common_options[i];
		if (strlen(common->name) == len &&
			strncmp(common->name, name, len) == 0) {
			*option = common;
			return PKI_COMMON_SLOT + i;
		}
	}
	return -1;
}

static enum pki_status
take_value(struct parser *p, const struct pki_option *option, const char *given,
	const char **value)
{
	*value = given;
	if (option->value == NULL && given != NULL)
		return pki_fail(p->err, PKI_USAGE, "--%s takes no value", option->name);
	if (option->value == NULL || given != NULL)
		return PKI_OK;
	const char *next = p->at < p->argc ? p->argv[p->at] : NULL;
	if (next == NULL || strncmp(next, "--", 2) == 0)
		return pki_fail(p->err, PKI_USAGE, "--%s needs a value: --%s %s",
			option->name, option->name, option->value);
	*value = next;
	p->at++;
	return PKI_OK;
}

/* Short forms of common options; NULL for any further short form. */
static const char *
letter_name(const char *word)
{
	if (strcmp(word, "-h") == 0)
		return "help";
	return strcmp(word, "-f") == 0 ? "follow" : NULL;
}

static enum pki_status
parse_option(struct parser *p, const char *word)
{
	const char *name = word[1] == '-' ? word + 2 : letter_name(word);
	if (name == NULL)
		return pki_fail(p->err, PKI_USAGE,
			"unknown option %s; options are words: --help lists them", word);
	size_t len = strcspn(name, "=");
	const struct pki_option *option = NULL;
	const struct pki_option *own = p->command != NULL ? p->command->options : NULL;
	int slot = find_option(own, name, len, &option);
	if (slot < 0) {
		char guess[PKI_GUESS_TEXT];
		pki_help_guess_option(p->command, name, guess);
		return pki_fail(p->err, PKI_USAGE, "unknown option --%.*s%s", (int)len,
			name, guess);
	}
	const char *value;
	PKI_TRY(take_value(p, option, name[len] == '=' ? name + len + 1 : NULL, &value));
	int max = option->max > 0 ? option->max : 1;
	if (max > PKI_VALUES_MAX)
		max = PKI_VALUES_MAX;
	int *count = &p->args->counts[slot];
	if (option->value == NULL)
		*count = 1; /* a flag may be said again */
	else if (*count == max)
		return pki_fail(p->err, PKI_USAGE, "--%s is given more than %d time%s",
			option->name, max, max == 1 ? "" : "s");
	else
		p->args->values[slot][(*count)++] = value;
	return PKI_OK;
}

static enum pki_status
find_command(struct parser *p, const char *word)
{
	const struct pki_command *command = p->program->commands;
	while (command->name != NULL && strcmp(command->name, word) != 0)
		command++;
	if (command->name == NULL) {
		char guess[PKI_GUESS_TEXT];
		pki_help_guess_command(p->program, word, guess);
		return pki_fail(
			p->err, PKI_USAGE, "unknown command \"%s\"%s", word, guess);
	}
	p->command = command;
	p->args->options = command->options;
	return PKI_OK;
}

static enum pki_status
parse_operand(struct parser *p, const char *word)
{
	if (p->command == NULL)
		return find_command(p, word);
	int max = p->command->max_operands;
	if (p->args->operand_count >= (max < PKI_VALUES_MAX ? max : PKI_VALUES_MAX))
		return pki_fail(p->err, PKI_USAGE,
			"\"%s\" is one operand too many; usage: %s %s %s", word,
			p->program->name, p->command->name, p->command->operands);
	p->args->operands[p->args->operand_count++] = word;
	return PKI_OK;
}

static enum pki_status
parse(struct parser *p)
{
	bool options = true;
	while (p->at < p->argc) {
		const char *word = p->argv[p->at++];
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && word[0] == '-' && word[1] != '\0')
			PKI_TRY(parse_option(p, word));
		else
			PKI_TRY(parse_operand(p, word));
	}
	return PKI_OK;
}

static bool
has_common(const struct pki_args *args, enum pki_common which)
{
	return args->counts[PKI_COMMON_SLOT + which] != 0;
}

static enum pki_status
run(struct parser *p, void *ctx)
{
	const struct pki_program *program = p->program;
	if (p->argc > 1 && strcmp(p->argv[1], "completion") == 0) {
		const char *shell = p->argc == 3 ? p->argv[2] : "";
		if (strcmp(shell, "bash") == 0)
			pki_help_completion(program, stdout);
		else if (strcmp(shell, "--help") == 0)
			pki_help_of_completion(program, stdout);
		else
			return pki_fail(p->err, PKI_USAGE, "usage: %s completion bash",
				program->name);
		return PKI_OK;
	}
	PKI_TRY(parse(p));
	if (has_common(p->args, PKI_COMMON_HELP)) {
		if (p->command != NULL)
			pki_help_command(program, p->command, stdout);
		else
			pki_help_program(program, stdout);
		return PKI_OK;
	}
	if (has_common(p->args, PKI_COMMON_VERSION)) {
		printf("%s %s\n", program->name, PKI_SUITE_VERSION);
		return PKI_OK;
	}
	if (p->command == NULL)
		return pki_fail(p->err, PKI_USAGE,
			"a command is needed; %s --help lists them", program->name);
	if (p->args->operand_count < p->command->min_operands)
		return pki_fail(p->err, PKI_USAGE,
			"an operand is missing; usage: %s %s %s", program->name,
			p->command->name, p->command->operands);
	return p->command->run(p->args, ctx, p->err);
}

/* The result counts only once it is written: a full disk behind a pipe is a failure. */
static enum pki_status
finish_output(struct pki_err *err)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return PKI_OK;
	return pki_fail_errno(err, PKI_IO, errno != 0 ? errno : EIO,
		"standard output cannot be written");
}

/* Before the operands' "--", as in the parser. */
static bool
wants(const struct parser *p, const char *flag)
{
	for (int i = 1; i < p->argc && strcmp(p->argv[i], "--") != 0; i++)
		if (strcmp(p->argv[i], flag) == 0)
			return true;
	return false;
}

static enum pki_status
print_error(const struct pki_err *err)
{
	char object[sizeof err->object];
	char msg[sizeof err->msg];
	pki_cli_clean(err->object, object, sizeof object);
	pki_cli_clean(err->msg, msg, sizeof msg);
	PKI_CLEANUP(pki_json_free) struct pki_json body = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json error = pki_json_object();
	pki_json_text(&error, "status", pki_status_name(err->status));
	pki_json_text(&error, "object", object);
	pki_json_text(&error, "message", msg);
	if (err->rule != PKI_RULE_NONE) {
		const struct pki_rule_info *info = pki_rule_info(err->rule);
		pki_json_text(&error, "rule", info->name);
		pki_json_text(&error, "clause", info->clause);
	}
	pki_json_nest(&body, "error", &error);
	return pki_json_print(&body, stdout, NULL);
}

/* A check for a monitor: see probe.h. */
static bool
is_probe(const struct parser *p)
{
	static const char name[] = "monitor";
	const struct pki_option *option;
	return p->command != NULL && wants(p, "--monitor") &&
	       find_option(p->command->options, name, strlen(name), &option) >= 0;
}

/* Returns the exit status. */
static int
report(const struct parser *p)
{
	const struct pki_err *err = p->err;
	char text[2 * sizeof *err];
	char clean[2 * sizeof *err];
	pki_err_text(err, text, sizeof text);
	pki_cli_clean(text, clean, sizeof clean);
	if (err->status == PKI_USAGE && is_probe(p)) {
		printf("UNKNOWN - %s\n", clean);
		return EXIT_UNKNOWN;
	}
	fprintf(stderr, "%s: %s\n", p->program->name, clean);
	if (!wants(p, "--json"))
		return (int)err->status;
	(void)!print_error(err); /* the text stands on standard error */
	fflush(stdout);
	return (int)err->status;
}

/*
 * Keys, passphrases and personal data pass through most commands: cores must not hold them. The
 * limit is 1 because with 0 the kernel still feeds a core_pattern with a pipe (core(5)). Files
 * get the modes in the code, never more; a caller's stricter umask stays.
 */
static void
keep_to_itself(void)
{
	static const struct rlimit no_core = { 1, 1 };
	(void)setrlimit(RLIMIT_CORE, &no_core);
	umask(umask(077) | 022);
}

int
pki_cli_main(const struct pki_program *program, int argc, char **argv, void *ctx)
{
	int exit_status = 0;
	struct pki_args args = { .exit_status = &exit_status };
	struct pki_err err = { 0 };
	struct parser p = { .program = program,
		.argc = argc,
		.argv = argv,
		.at = 1,
		.args = &args,
		.err = &err };
	keep_to_itself();
	/* all text is UTF-8, whatever the user's locale; only widths depend on LC_CTYPE */
	setlocale(LC_CTYPE, "C.UTF-8");
	enum pki_status status = run(&p, ctx);
	pki_progress_end();
	if (status == PKI_OK)
		status = finish_output(&err);
	if (status == PKI_OK)
		return exit_status;
	if (err.status == PKI_OK)
		(void)pki_fail(&err, status, "%s", pki_status_text(status));
	return report(&p);
}

static int
slot_of(const struct pki_args *args, const char *name)
{
	const struct pki_option *option;
	return find_option(args->options, name, strlen(name), &option);
}

const char *
pki_arg(const struct pki_args *args, const char *name)
{
	int slot = slot_of(args, name);
	return slot >= 0 && args->counts[slot] > 0
		       ? args->values[slot][args->counts[slot] - 1]
		       : NULL;
}

bool
pki_arg_flag(const struct pki_args *args, const char *name)
{
	return pki_arg_count(args, name) > 0;
}

int
pki_arg_count(const struct pki_args *args, const char *name)
{
	int slot = slot_of(args, name);
	return slot >= 0 ? args->counts[slot] : 0;
}

const char *
pki_arg_at(const struct pki_args *args, const char *name, int i)
{
	int slot = slot_of(args, name);
	return slot >= 0 && i >= 0 && i < args->counts[slot] ? args->values[slot][i]
							     : NULL;
}

enum pki_status
pki_cli_json(const json_t *json, FILE *out, struct pki_err *err)
{
	if (json_dumpf(json, out, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0 ||
		fputc('\n', out) == EOF)
		return pki_fail_errno(err, PKI_IO, errno, "writing JSON");
	return PKI_OK;
}
