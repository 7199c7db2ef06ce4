#include "libpki/host/cli_priv.h"

#include <string.h>

const struct pki_option pki_common_options[PKI_COMMON_COUNT + 1] = {
	[PKI_COMMON_CONFIG] = { "config", "FILE",
		"configuration; else $PKI_CONFIG, else in /etc/pki", 1 },
	[PKI_COMMON_JSON] = { "json", NULL, "write the result, or the error, as JSON",
		1 },
	[PKI_COMMON_HELP] = { "help", NULL, "show this", 1 },
	[PKI_COMMON_VERSION] = { "version", NULL, "show the version", 1 },
};

static const struct pki_option no_options[] = { { 0 } };

static const struct pki_option *
options_of(const struct pki_command *command)
{
	return command != NULL && command->options != NULL ? command->options
							   : no_options;
}

static int
option_width(const struct pki_option *option)
{
	size_t width = strlen("--") + strlen(option->name);
	if (option->value != NULL)
		width += 1 + strlen(option->value);
	return (int)width;
}

static int
widest_option(const struct pki_option *options)
{
	int width = 0;
	for (; options->name != NULL; options++)
		if (option_width(options) > width)
			width = option_width(options);
	return width;
}

static void
print_options(const struct pki_option *options, int width, FILE *out)
{
	for (; options->name != NULL; options++) {
		const char *value = options->value != NULL ? options->value : "";
		const char *gap = options->value != NULL ? " " : "";
		int pad = width - option_width(options);
		fprintf(out, "  --%s%s%s%*s  %s", options->name, gap, value, pad, "",
			options->help);
		if (options->max > 1)
			fprintf(out, " (up to %d times)", options->max);
		fputc('\n', out);
	}
}

static int
command_width(const struct pki_command *command)
{
	const char *gap = command->operands[0] != '\0' ? " " : "";
	return (int)(strlen(command->name) + strlen(gap) + strlen(command->operands));
}

static void
print_command(const struct pki_command *command, int width, FILE *out)
{
	const char *gap = command->operands[0] != '\0' ? " " : "";
	fprintf(out, "  %s%s%s%*s  %s\n", command->name, gap, command->operands,
		width - command_width(command), "", command->help);
}

static const struct pki_command completion = { .name = "completion",
	.operands = "bash",
	.help = "print a script that completes this program's commands, to be sourced" };

void
pki_help_program(const struct pki_program *program, FILE *out)
{
	int width = command_width(&completion);
	const struct pki_command *command;
	for (command = program->commands; command->name != NULL; command++)
		if (command_width(command) > width)
			width = command_width(command);
	fprintf(out,
		"%s: %s\n\nusage: %s COMMAND [OPTION...] [OPERAND...]\n\nCommands:\n",
		program->name, program->summary, program->name);
	for (command = program->commands; command->name != NULL; command++)
		print_command(command, width, out);
	print_command(&completion, width, out);
	fprintf(out, "\nOptions of every command:\n");
	print_options(pki_common_options, widest_option(pki_common_options), out);
	fprintf(out,
		"\n%s COMMAND --help shows a command's own options.\n"
		"Exit status: 0 for success; `man %s` lists the others.\n",
		program->name, program->name);
}

void
pki_help_command(
	const struct pki_program *program, const struct pki_command *command, FILE *out)
{
	const struct pki_option *own = options_of(command);
	int width = widest_option(own);
	int common = widest_option(pki_common_options);
	if (common > width)
		width = common;
	fprintf(out, "usage: %s %s [OPTION...]%s%s\n\n%s\n", program->name, command->name,
		command->operands[0] != '\0' ? " " : "", command->operands,
		command->help);
	if (own->name != NULL)
		fprintf(out, "\nOptions:\n");
	print_options(own, width, out);
	fprintf(out, "\nOptions of every command:\n");
	print_options(pki_common_options, width, out);
	fprintf(out, "\nExit status: 0 for success; `man %s` lists the others.\n",
		program->name);
}

void
pki_help_of_completion(const struct pki_program *program, FILE *out)
{
	pki_help_command(program, &completion, out);
}

static void
completion_words(const struct pki_option *options, bool with_value, FILE *out)
{
	for (; options->name != NULL; options++)
		if (!with_value || options->value != NULL)
			fprintf(out, " --%s", options->name);
}

static void
completion_case(const char *pattern, const struct pki_option *own, FILE *out)
{
	fprintf(out, "\t%s)\n\t\twords=\"$words", pattern);
	completion_words(own, false, out);
	fprintf(out, "\"\n\t\tvalued=\"$valued");
	completion_words(own, true, out);
	fprintf(out, "\"\n\t\t;;\n");
}

void
pki_help_completion(const struct pki_program *program, FILE *out)
{
	char function[64];
	snprintf(function, sizeof function, "_%s", program->name);
	for (char *p = function; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	fprintf(out,
		"%s() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} command= skip= word\n"
		"\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n\tlocal words=\"",
		function);
	completion_words(pki_common_options, false, out);
	fprintf(out, "\" valued=\"");
	completion_words(pki_common_options, true, out);
	fprintf(out, "\"\n\tCOMPREPLY=()\n"
		     "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		     "\t\tif [ -n \"$skip\" ]; then skip=; continue; fi\n"
		     "\t\tcase $word in\n"
		     "\t\t--config) skip=1 ;;\n"
		     "\t\t-*) ;;\n"
		     "\t\t*) command=$word; break ;;\n"
		     "\t\tesac\n"
		     "\tdone\n"
		     "\tcase $command in\n");
	fprintf(out, "\t\"\")\n\t\twords=\"$words");
	for (const struct pki_command *c = program->commands; c->name != NULL; c++)
		fprintf(out, " %s", c->name);
	fprintf(out, " completion\"\n\t\t;;\n\tcompletion)\n\t\twords=bash\n\t\t;;\n");
	for (const struct pki_command *c = program->commands; c->name != NULL; c++)
		completion_case(c->name, options_of(c), out);
	/* no word: bash completes file names (-o default) */
	fprintf(out,
		"\tesac\n"
		"\tcase \" $valued \" in *\" $prev \"*) return ;; esac\n"
		"\tif [ -z \"$command\" ] || [ \"$command\" = completion ] || [ \"${cur#-}\" != \"$cur\" ]; then\n"
		"\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		"\tfi\n}\n"
		"complete -o default -F %s %s\n",
		function, program->name);
}

/* Longer words are no slips of a command's name. */
#define WORD_MAX 32

/* Levenshtein's distance: how many letters to add, drop or change. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t alen = strlen(a);
	size_t blen = strlen(b);
	if (alen > WORD_MAX || blen > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[blen];
}

struct guess {
	const char *word;
	const char *best;
	size_t score;
};

static void
consider(struct guess *guess, const char *name)
{
	size_t len = strlen(guess->word);
	size_t score = distance(guess->word, name);
	if (len >= 2 && strncmp(name, guess->word, len) == 0)
		score = 1; /* the word's beginning */
	/* two slips, and most of the word right */
	if (score <= 2 && score * 2 < strlen(name) && score < guess->score) {
		guess->best = name;
		guess->score = score;
	}
}

static void
put_guess(const struct guess *guess, const char *dashes, char out[PKI_GUESS_TEXT])
{
	out[0] = '\0';
	if (guess->best != NULL)
		snprintf(
			out, PKI_GUESS_TEXT, "; did you mean %s%s?", dashes, guess->best);
}

void
pki_help_guess_command(
	const struct pki_program *program, const char *word, char out[PKI_GUESS_TEXT])
{
	struct guess guess = { word, NULL, SIZE_MAX };
	for (const struct pki_command *c = program->commands; c->name != NULL; c++)
		consider(&guess, c->name);
	put_guess(&guess, "", out);
	if (guess.best == NULL)
		snprintf(out, PKI_GUESS_TEXT, "; %s --help lists them", program->name);
}

void
pki_help_guess_option(
	const struct pki_command *command, const char *word, char out[PKI_GUESS_TEXT])
{
	char name[WORD_MAX + 2];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
	struct guess guess = { name, NULL, SIZE_MAX };
	for (const struct pki_option *o = options_of(command); o->name != NULL; o++)
		consider(&guess, o->name);
	for (const struct pki_option *o = pki_common_options; o->name != NULL; o++)
		consider(&guess, o->name);
	put_guess(&guess, "--", out);
	if (guess.best == NULL)
		snprintf(out, PKI_GUESS_TEXT, "; --help lists them");
}
