/* cli.c: see cli.h. A new option is a line in `options`; what it takes, where it counts and its help stand there. */
#include "cli.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/mem.h"

/* ---- the options ---- */

typedef enum OptionKind {
    OPTION_FLAG,     /* sets a bool of Cli */
    OPTION_TEXT,     /* sets a text of Cli */
    OPTION_OVERRIDE, /* sets a key of the spec */
    OPTION_SIZE,     /* the same, a number with K, M or G */
    OPTION_SET       /* KEY=VALUE */
} OptionKind;

typedef struct Option {
    const char *name;
    char letter;
    OptionKind kind;
    size_t offset;              /* in Cli: FLAG, TEXT */
    const char *key;            /* of the spec: OVERRIDE, SIZE */
    const char *argument;       /* its name in help; with '|': the accepted words */
    unsigned commands;
    const char *help;
} Option;

#define AT(field) offsetof(Cli, field), NULL
#define KEY(key) 0, key

static const Option options[] = {
    {"output", 'o', OPTION_TEXT, AT(output), "FILE", IN_GENERATE | IN_BUILD | IN_COMPARE,
     "what to write, compare: a directory; default: the model's name, compare: comparison"},
    {"set", 0, OPTION_SET, KEY(NULL), "KEY=VALUE", IN_ALL, "change a key of the spec, e.g. train.epochs=3; repeatable"},
    {"unroll", 0, OPTION_OVERRIDE, KEY("codegen.unroll"), "auto|full|none", IN_ALL, "time: straight-line code, or a loop"},
    {"target", 0, OPTION_OVERRIDE, KEY("codegen.target"),
     "host|portable|x86-64|x86-64-v3|x86-64-v4|aarch64|cortex-m", IN_ALL, "the machine the C is for"},
    {"max-ram", 0, OPTION_SIZE, KEY("codegen.max_ram"), "BYTES", IN_MAKERS, "refuse a model that needs more (K, M, G)"},
    {"max-flash", 0, OPTION_SIZE, KEY("codegen.max_flash"), "BYTES", IN_MAKERS, "refuse code and constants beyond that"},
    {"max-lines", 0, OPTION_SIZE, KEY("codegen.max_lines"), "N", IN_MAKERS, "refuse a longer C file"},
    {"emit", 0, OPTION_TEXT, AT(emit), "train|infer", IN_GENERATE | IN_BUILD | IN_INFO, "infer: no training, weights inside the C"},
    {"weights", 0, OPTION_TEXT, AT(weights), "FILE", IN_GENERATE | IN_BUILD | IN_INFO, "safetensors file that --emit infer stores"},
    {"dump", 0, OPTION_TEXT, AT(dump), "spec|graph|ops|plan|m4|schema", IN_GENERATE, "print what passes between two stages, and stop"},
    {"keep", 0, OPTION_FLAG, AT(keep), NULL, IN_BUILD | IN_VERIFY, "keep the generated files and say where"},
    {"seeds", 0, OPTION_TEXT, AT(seeds), "N", IN_COMPARE, "train each with the seeds 1..N; default: 3"},
    {"jobs", 'j', OPTION_TEXT, AT(jobs), "N", IN_COMPARE, "runs at a time; default: the cores there are"},
    {"json", 0, OPTION_FLAG, AT(json), NULL, IN_GENERATE | IN_BUILD | IN_VERIFY | IN_INFO | IN_COMPARE, "the result as JSON on standard output"},
    {"quiet", 'q', OPTION_FLAG, AT(quiet), NULL, IN_ALL, "print errors only"},
    {"version", 'V', OPTION_FLAG, AT(version), NULL, IN_ALL, "print the version"},
    {"help", 'h', OPTION_FLAG, AT(help), NULL, IN_ALL, "print this help; after a command, the command's"},
};
enum { OPTIONS = sizeof options / sizeof options[0] };

/* ---- messages ---- */

int cli_fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("seqgen: error: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

static int usage_fail(const char *nearest, const char *text)
{
    if (nearest)
        cli_fail(EXIT_USAGE, "%s; nearest: %s", text, nearest);
    else
        cli_fail(EXIT_USAGE, "%s", text);
    fputs("note: seqgen --help lists commands and options\n", stderr);
    return EXIT_USAGE;
}

#define FAIL(nearest, ...)                         \
    do {                                           \
        char *fail_text = mem_format(__VA_ARGS__); \
        usage_fail(nearest, fail_text);            \
        free(fail_text);                           \
        return EXIT_USAGE;                         \
    } while (0)

const char *cli_thousands(double number, char text[32])
{
    char digits[32], *to = text;
    int count = snprintf(digits, sizeof digits, "%.0f", number);
    for (int i = 0; i < count && to - text < 30; i++) {
        if (i > 0 && (count - i) % 3 == 0 && digits[i - 1] != '-')
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

const char *cli_bytes(double bytes, char text[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 3; unit++)
        bytes /= 1024;
    snprintf(text, 32, "%.*f %s", unit > 0 && bytes < 100, bytes, units[unit]);
    return text;
}

/* ---- reading ---- */

/* Whether value is one of "a|b|c". */
static bool among(const char *value, const char *words)
{
    size_t length = strlen(value);
    for (const char *word = words; word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL)
        if (length > 0 && strncmp(word, value, length) == 0 && (word[length] == '|' || !word[length]))
            return true;
    return false;
}

static void override_add(Cli *cli, const char *key, const char *value)
{
    size_t size = sizeof *cli->overrides, count = (size_t)cli->overrides_count++;
    cli->overrides = mem_grow(cli->overrides, count * size, (count + 1) * size);
    cli->overrides[count] = (SpecOverride){mem_copy(key), mem_copy(value)};
}

static int option_set(Cli *cli, const char *value)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value)
        FAIL(NULL, "--set: found '%s'; expected KEY=VALUE, e.g. train.epochs=3", value);
    char *key = mem_format("%.*s", (int)(equals - value), value);
    override_add(cli, key, equals + 1);
    free(key);
    return -1;
}

static int option_size(Cli *cli, const Option *option, const char *value)
{
    char *end;
    double number = strtod(value, &end);
    const char *units = "KMG", *unit = *end ? strchr(units, *end) : NULL;
    for (int i = 0; unit && i <= unit - units; i++)
        number *= 1024;
    if (end == value || (*end && (!unit || end[1])) || !(number >= 1 && number < 0x1p62))
        FAIL(NULL, "--%s: found '%s'; expected a positive whole number, or one with K, M or G", option->name, value);
    char *plain = mem_format("%.0f", number);
    override_add(cli, option->key, plain);
    free(plain);
    return -1;
}

static int option_apply(Cli *cli, const Option *option, const char *value)
{
    void *field = (char *)cli + option->offset;
    if (value && strchr(option->argument, '|') && !among(value, option->argument))
        FAIL(NULL, "--%s: found '%s'; expected %s", option->name, value, option->argument);
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)field = true; return -1;
    case OPTION_TEXT: *(const char **)field = value; return -1;
    case OPTION_OVERRIDE: override_add(cli, option->key, value); return -1;
    case OPTION_SIZE: return option_size(cli, option, value);
    case OPTION_SET: return option_set(cli, value);
    }
    return -1;
}

static const Option *option_named(const char *name, size_t length)
{
    for (int i = 0; i < OPTIONS; i++)
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

static const Option *option_lettered(char letter)
{
    for (int i = 0; letter && i < OPTIONS; i++)
        if (options[i].letter == letter)
            return &options[i];
    return NULL;
}

static int option_unknown(const char *word)
{
    const char *names[OPTIONS];
    for (int i = 0; i < OPTIONS; i++)
        names[i] = options[i].name;
    size_t dashes = strspn(word, "-"), length = strcspn(word + dashes, "=");
    char *name = mem_format("%.*s", (int)length, word + dashes);
    const char *near = diag_nearest(name, names, OPTIONS);
    char *nearest = near ? mem_format("--%s", near) : NULL;
    char *text = mem_format("unknown option '%.*s'", (int)(dashes + length), word);
    usage_fail(nearest, text);
    free(name);
    free(nearest);
    free(text);
    return EXIT_USAGE;
}

/* "--name", "--name=value", "--name value", "-o value", "-ovalue". *i moves past what was used. */
static int option_read(Cli *cli, unsigned *seen, int argc, char **argv, int *i)
{
    const char *word = argv[*i], *value = NULL;
    const Option *option;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = option_named(word + 2, length);
        value = word[2 + length] ? word + 3 + length : NULL;
    } else {
        option = option_lettered(word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    if (!option)
        return option_unknown(word);
    if (!option->argument && value)
        FAIL(NULL, "%s: --%s takes no value", word, option->name);
    if (option->argument && !value && !(value = ++*i < argc ? argv[*i] : NULL))
        FAIL(NULL, "%s: the value is missing; expected %s", word, option->argument);
    *seen |= 1u << (option - options);
    return option_apply(cli, option, value);
}

static const Command *command_find(const Command *commands, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* The words in order: a command's name or none, the spec, and for `run` the rest. True: argv[i..] is the rest. */
static bool word_take(Cli *cli, const Command *commands, int count, const char *word, bool *first)
{
    const Command *command = *first ? command_find(commands, count, word) : NULL;
    *first = false;
    if (command && *word)
        cli->command = command;
    else if (!cli->spec_path)
        cli->spec_path = word;
    else
        return true;
    return false;
}

static int extra_word(const Cli *cli, const Command *commands, int count, const char *word)
{
    const char *names[16];
    for (int i = 0; i < count; i++)
        names[i] = commands[i].name;
    if (*cli->command->name)
        FAIL(NULL, "unexpected word '%s'; %s takes one spec", word, cli->command->name);
    const char *nearest = diag_nearest(cli->spec_path, names, count);
    if (nearest && *nearest)
        FAIL(nearest, "unknown command '%s'", cli->spec_path);
    FAIL(NULL, "unexpected word '%s' after the spec '%s'", word, cli->spec_path);
}

/* What stands after the trainer's command is the trainer's, but for --set, which no trainer has. */
static int rest_take(Cli *cli, int argc, char **argv, int i)
{
    cli->args = mem_alloc((size_t)(argc - i + 1) * sizeof *cli->args);
    bool literal = false;
    for (int status; i < argc; i++) {
        literal |= strcmp(argv[i], "--") == 0;
        bool set = !literal && (strcmp(argv[i], "--set") == 0 || strncmp(argv[i], "--set=", 6) == 0);
        unsigned ignored = 0;
        if (!set)
            cli->args[cli->args_count++] = argv[i];
        else if ((status = option_read(cli, &ignored, argc, argv, &i)) >= 0)
            return status;
    }
    return -1;
}

static int words_read(Cli *cli, const Command *commands, int count, int argc, char **argv, unsigned *seen)
{
    bool first = true, literal = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!literal && strcmp(word, "--") == 0) {
            literal = true;
        } else if (!literal && word[0] == '-' && word[1]) {
            int status = option_read(cli, seen, argc, argv, &i);
            if (status >= 0)
                return status;
        } else if (word_take(cli, commands, count, word, &first)) {
            if (cli->command->bit == IN_RUN)
                return rest_take(cli, argc, argv, i);
            if (cli->command->bit != IN_COMPARE)
                return extra_word(cli, commands, count, word);
            if (!cli->args)
                cli->args = mem_alloc((size_t)argc * sizeof *cli->args);
            cli->args[cli->args_count++] = argv[i];
        }
    }
    return -1;
}

bool cli_infer(const Cli *cli) { return cli->emit && strcmp(cli->emit, "infer") == 0; }

/* ---- what goes with what ---- */

static int fits(const Cli *cli, unsigned seen)
{
    const char *name = cli->command->name;
    bool to_output = cli->command->bit == IN_GENERATE && cli->output && strcmp(cli->output, "-") == 0;
    for (int i = 0; i < OPTIONS; i++)
        if (seen >> i & 1 && !(options[i].commands & cli->command->bit))
            FAIL(NULL, "--%s does not go with %s", options[i].name, *name ? name : "generating");
    if (cli->json && (cli->dump || to_output))
        FAIL(NULL, "--json writes to standard output, and so does %s", cli->dump ? "--dump" : "-o -");
    bool infer = cli_infer(cli);
    if (infer && cli->command->bit == IN_BUILD)
        FAIL(NULL, "--emit infer: such a file has no trainer, and build makes trainers; expected seqgen SPEC --emit infer --weights FILE -o model.c");
    const bool stores = !cli->dump || strcmp(cli->dump, "m4") == 0; /* other seams come before the weights */
    if (infer && !cli->weights && cli->command->bit != IN_INFO && stores)
        FAIL(NULL, "--emit infer: the weights are missing; expected --weights FILE");
    if (!infer && cli->weights)
        FAIL(NULL, "--weights: only --emit infer stores weights in the C; a trainer takes them with --load");
    bool page_anew = cli->command->bit == IN_COMPARE && cli->output;
    if (!cli->spec_path && !page_anew && !(cli->dump && strcmp(cli->dump, "schema") == 0))
        FAIL(NULL, "no spec given; expected seqgen %s%s%s", name, *name ? " " : "", cli->command->words);
    if (cli->command->bit == IN_RUN && cli->args_count == 0)
        FAIL(NULL, "run: the trainer's command is missing; expected train, eval, predict, ..");
    return -1;
}

/* ---- help ---- */

static void help_option(const Option *option)
{
    char left[40];
    const char letter[] = {'-', option->letter, ',', ' ', '\0'};
    bool words = option->argument && strchr(option->argument, '|');
    snprintf(left, sizeof left, "%s--%s%s%s", option->letter ? letter : "", option->name, option->argument ? " " : "",
             !option->argument ? "" : words ? "X" : option->argument);
    printf("  %-20s %s\n", left, option->help);
    if (words)
        printf("  %-20s X: %s\n", "", option->argument);
}

static void help_options(unsigned commands)
{
    puts("\nOptions:");
    for (int i = 0; i < OPTIONS; i++)
        if (options[i].commands & commands)
            help_option(&options[i]);
}

static int help_command(const Command *command)
{
    const char *gap = *command->name ? " " : "";
    printf("seqgen %s%s%s\n    %s\n\n%s", command->name, gap, command->words, command->summary, command->more);
    help_options(command->bit);
    return EXIT_DONE;
}

static int help_general(const Command *commands, int count)
{
    puts("seqgen: recurrent networks in, plain C out. One YAML spec becomes one C11 file that trains and runs.\n");
    for (int i = 0; i < count; i++) {
        char *left = mem_format("seqgen %s%s%s", commands[i].name, *commands[i].name ? " " : "", commands[i].words);
        printf("  %-30s %s\n", left, commands[i].summary);
        free(left);
    }
    help_options(IN_ALL);
    puts("\nExamples:\n"
         "  seqgen specs/first_names_lstm.yaml -o model.c\n"
         "  cd specs && seqgen build first_names_lstm.yaml -o trainer && ./trainer train --save w.safetensors\n"
         "  seqgen verify specs/first_names_lstm.yaml --set model.lstm.hidden=20\n"
         "  seqgen compare specs/first_names_*.yaml -o names\n"
         "\nExit codes: 0 done; 1 usage; 2 the spec or its data is wrong; 3 a budget is exceeded;\n"
         "4 verification failed; 5 a tool (m4, cc) or the system failed.");
    return EXIT_DONE;
}

int cli_read(Cli *cli, const Command *commands, int commands_count, int argc, char **argv)
{
    unsigned seen = 0;
    *cli = (Cli){.command = command_find(commands, commands_count, "")};
    if (argc < 2) {
        cli_fail(EXIT_USAGE, "no spec given; expected seqgen SPEC -o model.c");
        fputs("note: seqgen --help lists commands and options\n", stderr);
        return EXIT_USAGE;
    }
    int status = words_read(cli, commands, commands_count, argc, argv, &seen);
    if (status >= 0)
        return status;
    if (cli->version)
        return puts("seqgen " SEQGEN_VERSION) < 0 ? EXIT_SYSTEM : EXIT_DONE;
    if (cli->help)
        return *cli->command->name ? help_command(cli->command) : help_general(commands, commands_count);
    return fits(cli, seen);
}

void cli_free(Cli *cli)
{
    for (int i = 0; i < cli->overrides_count; i++) {
        free((char *)cli->overrides[i].key);
        free((char *)cli->overrides[i].value);
    }
    free(cli->overrides);
    free(cli->args);
    *cli = (Cli){0};
}
