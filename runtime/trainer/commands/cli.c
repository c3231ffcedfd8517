/* cli.c: options of the trainer's commands: one table, read with getopt_long, printed as help.
 *
 * Takes: argv. Gives: Options, or a message and false. Does not: run a command (main.c), or open any file.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer.h"

static const Command commands[] = {
    {"train", "[OPTIONS]", "fit the weights to data",
     "  $0 train --epochs 5 --save w.safetensors\n"
     "  $0 train --checkpoint c.safetensors --log log.csv    Ctrl-C stops after the step\n"
     "  $0 train --resume c.safetensors --checkpoint c.safetensors\n"
     "  $0 train --report out    and open out/report.html\n"
     "  $0 train --seed 2 --quiet --json                     final figures as one line of JSON\n", seqrt_train, false, false},
    {"eval", "--load W [OPTIONS]", "loss and metrics on data; class by class, column by column, step by step",
     "  $0 eval --load w.safetensors                     the test file, else what is held out for validation\n"
     "  $0 eval --load w.safetensors --data new.csv --json\n"
     "  $0 eval --load w.safetensors --part valid --details judged.csv\n"
     "  $0 eval --load w.safetensors --threads 2         the same figures, sooner where the network is large\n", seqrt_eval, true, false},
    {"predict", "--load W [--data F | TEXT...]", "one CSV line a sequence; for targets of every step, a line a step",
     "  $0 predict --load w.safetensors --data new.csv > out.csv\n"
     "  $0 predict --load w.safetensors --data large.csv --threads 2 > out.csv\n"
     "  $0 predict --load w.safetensors \"some text\" \"another\"\n"
     "  cat lines.txt | $0 predict --load w.safetensors -          a text a line\n"
     "  cat numbers.csv | $0 predict --load w.safetensors --json -  number rows: CSV with its header\n", seqrt_predict, true, true},
    {"sample", "--load W [OPTIONS]", "write text with a language model",
     "  $0 sample --load w.safetensors --prompt \"Once \" --length 300 --temperature 0.7\n"
     "  $0 sample --load w.safetensors --top-k 5 --seed 3 --json\n", seqrt_sample, true, false},
    {"forecast", "--load W [OPTIONS]", "continue a series: the rows after the end of the file, as CSV",
     "  $0 forecast --load w.safetensors\n  $0 forecast --load w.safetensors --data now.csv --steps 48 --json\n", seqrt_forecast, true, false},
    {"gradcheck", "[OPTIONS]", "compare the model's gradients with finite differences of its own loss",
     "  $0 gradcheck --seed 7\n  $0 gradcheck --json\n", seqrt_gradcheck, false, false},
    {"bench", "[OPTIONS]", "time of a training step and its phases, of one inference, of one streaming step",
     "  $0 bench\n  $0 bench --json\n", seqrt_bench, false, false},
    {"info", "[OPTIONS]", "layers, shapes, parameters, memory", "  $0 info\n  $0 info --json\n", seqrt_info, false, false},
    {"probe", "[OPTIONS]", "every number of a small run, for comparison with another implementation",
     "  $0 probe --seed 3 --save a.safetensors\n"
     "  $0 probe --load w.safetensors --batch b.safetensors --steps 5 --save a.safetensors\n", seqrt_probe, false, false},
};
enum { COMMANDS = sizeof commands / sizeof *commands };
enum { TRAIN = 1, EVAL = 2, PREDICT = 4, SAMPLE = 8, FORECAST = 16, GRADCHECK = 32, BENCH = 64, INFO = 128, PROBE = 256, ALL = 511 };

typedef enum OptionType { OPTION_TEXT, OPTION_OUTPUT, OPTION_COUNT, OPTION_REAL, OPTION_SEED, OPTION_FLAG } OptionType;
typedef struct OptionRow {
    const char *name, *value;
    OptionType type;   /* OUTPUT: a file, or a directory, that is written */
    size_t offset;
    unsigned commands;
    double min;        /* COUNT, REAL */
    const char *help;
} OptionRow;

#define AT(field) offsetof(Options, field)
static const OptionRow rows[] = {
    {"data", "F", OPTION_TEXT, AT(data), TRAIN, 0, "training data instead of the spec's"},
    {"data", "F", OPTION_TEXT, AT(data), EVAL, 0, "data instead of the spec's; with --part, the training file"},
    {"part", "P", OPTION_TEXT, AT(part), EVAL, 0, "train, valid or test of the spec (test, else valid, else train)"},
    {"details", "F.csv", OPTION_OUTPUT, AT(details), EVAL, 0, "a line for each sequence, step or value: truth and prediction"},
    {"data", "F", OPTION_TEXT, AT(data), PREDICT, 0, "data instead of the spec's test file (or train file)"},
    {"data", "F", OPTION_TEXT, AT(data), FORECAST, 0, "the series to continue, instead of the spec's"},
    {"valid", "F", OPTION_TEXT, AT(valid), TRAIN, 0, "validation data instead of the spec's"},
    {"epochs", "N", OPTION_COUNT, AT(epochs), TRAIN, 0, "passes over the data"},
    {"steps", "N", OPTION_COUNT, AT(steps), TRAIN, 0, "stop after N optimiser steps in total; without --epochs, as many epochs as that takes, and the schedule runs over these or the spec's, whichever are more"},
    {"steps", "N", OPTION_COUNT, AT(steps), FORECAST, 1, "rows to forecast; beyond the horizon, forecasts are fed back"},
    {"steps", "N", OPTION_COUNT, AT(steps), PROBE, 0, "optimiser steps on the batch (10)"},
    {"log", "F.csv", OPTION_OUTPUT, AT(log), TRAIN, 0, "a row an epoch, written as it ends; --resume goes on behind its checkpoint's epoch"},
    {"report", "DIR", OPTION_OUTPUT, AT(report), TRAIN, 0, "a page for people: DIR/report.html, with the weights, log and figures it shows"},
    {"lr", "X", OPTION_REAL, AT(lr), TRAIN, 0, "base learning rate"},
    {"seed", "N", OPTION_SEED, AT(seed), TRAIN | SAMPLE | GRADCHECK | PROBE, 0, "seed instead of the spec's; what `valid: 0.1` cuts off stays that of the spec's"},
    {"no-shuffle", NULL, OPTION_FLAG, AT(no_shuffle), TRAIN, 0, "sequences in file order"},
    {"load", "W", OPTION_TEXT, AT(load), TRAIN | PROBE, 0, "initial weights (safetensors; a checkpoint will do)"},
    {"load", "W", OPTION_TEXT, AT(load), EVAL | PREDICT | SAMPLE | FORECAST, 0, "weights (safetensors; a checkpoint will do)"},
    {"save", "W", OPTION_OUTPUT, AT(save), TRAIN, 0, "final weights; with patience, those best on validation"},
    {"save", "OUT", OPTION_OUTPUT, AT(save), PROBE, 0, "the results (safetensors)"},
    {"checkpoint", "F", OPTION_OUTPUT, AT(checkpoint), TRAIN, 0, "everything needed to continue, at the end of every epoch"},
    {"resume", "F", OPTION_TEXT, AT(resume), TRAIN, 0, "continue a checkpoint exactly"},
    {"threads", "N", OPTION_COUNT, AT(threads), TRAIN | BENCH, 1, "threads that take each step together (1), if it has 6e7 FLOPs or more; the result is the same for every N, bit for bit"},
    {"threads", "N", OPTION_COUNT, AT(threads), EVAL | PREDICT, 1, "threads that take each batch together (1), if a training step has 6e7 FLOPs or more; the result is the same for every N, bit for bit"},
    {"prompt", "S", OPTION_TEXT, AT(prompt), SAMPLE, 0, "text to continue (none: after a line end if the vocabulary has one, else any token)"},
    {"length", "N", OPTION_COUNT, AT(length), SAMPLE, 0, "tokens to write (200)"},
    {"temperature", "X", OPTION_REAL, AT(temperature), SAMPLE, 0, "1 as learned, less is surer, 0 always the likeliest (1)"},
    {"top-k", "K", OPTION_COUNT, AT(top_k), SAMPLE, 1, "draw among the K likeliest tokens only"},
    {"batch", "F", OPTION_TEXT, AT(batch), PROBE, 0, "tensors lengths [b], tokens [b,T] or x [b,T,F], labels [b] or [b,T], y [b,O]"},
    {"rows", "N", OPTION_COUNT, AT(rows), PROBE, 1, "rows of the random batch (the model's B)"},
    {"json", NULL, OPTION_FLAG, AT(json), TRAIN, 0, "at the end one line of JSON on standard output: the final figures"},
    {"json", NULL, OPTION_FLAG, AT(json), PREDICT, 0, "an object of JSON a line instead of CSV"},
    {"json", NULL, OPTION_FLAG, AT(json), EVAL | SAMPLE | FORECAST | GRADCHECK | BENCH | INFO, 0, "JSON on standard output"},
    {"quiet", NULL, OPTION_FLAG, AT(quiet), TRAIN | PREDICT, 0, "no progress, only errors"},
    {"help", NULL, OPTION_FLAG, AT(help), ALL, 0, "this text"},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Edit distance of two short words; enough for a hint. */
static int word_distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    int m = (int)strlen(a), n = (int)strlen(b), cost[MAX + 1];
    if (m > MAX || n > MAX)
        return MAX;
    for (int j = 0; j <= n; j++)
        cost[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = cost[0];
        cost[0] = i;
        for (int j = 1; j <= n; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = cost[j];
            if (cost[j] + 1 < best)
                best = cost[j] + 1;
            if (cost[j - 1] + 1 < best)
                best = cost[j - 1] + 1;
            cost[j] = best;
        }
    }
    return cost[n];
}

const Command *seqrt_command_find(const char *program, const char *name)
{
    const Command *nearest = &commands[0];
    for (int i = 0; i < COMMANDS; i++) {
        if (!strcmp(name, commands[i].name))
            return &commands[i];
        if (word_distance(name, commands[i].name) < word_distance(name, nearest->name))
            nearest = &commands[i];
    }
    fprintf(stderr, "%s: no command \"%s\"; the nearest is %s (%s --help lists all)\n", program, name, nearest->name, program);
    return NULL;
}

/* Prints text with $0 replaced by the program's name. */
static void example_print(const char *text, const char *program)
{
    for (; *text; text++) {
        if (text[0] == '$' && text[1] == '0') {
            fputs(program, stdout);
            text++;
        } else {
            putchar(*text);
        }
    }
}

void seqrt_help(const char *program)
{
    printf("Usage: %s COMMAND [OPTIONS]\n\n", program);
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    printf("\n%s COMMAND --help tells more. Exit codes: 0 done, 1 usage, 2 data or weights are wrong,\n"
           "4 gradcheck found a mismatch, 5 the system failed, 130 training was interrupted (checkpoint written).\n\n", program);
    example_print("Examples:\n  $0 train --save w.safetensors\n  $0 eval --load w.safetensors\n", program);
}

static bool row_applies(const OptionRow *row, const Command *command)
{
    return row->commands >> (command - commands) & 1;
}

void seqrt_command_help(const char *program, const Command *command)
{
    printf("Usage: %s %s %s\n%s\n\n", program, command->name, command->arguments, command->summary);
    for (int i = 0; i < ROWS; i++)
        if (row_applies(&rows[i], command))
            printf("  --%-12s%-6s %s\n", rows[i].name, rows[i].value ? rows[i].value : "", rows[i].help);
    printf("\nExamples:\n");
    example_print(command->examples, program);
}

/* ---- values ---- */

static bool number_read(const OptionRow *row, const char *text, double *v)
{
    char *end;
    *v = strtod(text, &end);
    bool whole = row->type != OPTION_COUNT || (*v == floor(*v) && *v <= INT_MAX);
    return end != text && !*end && isfinite(*v) && whole && *v >= row->min;
}

static bool seed_read(const char *text, uint64_t *seed)
{
    char *end;
    errno = 0;
    *seed = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && errno == 0;
}

static bool value_set(Options *o, const OptionRow *row, const char *text, const char *program)
{
    char *field = (char *)o + row->offset;
    double v = 0;
    bool good = true;
    switch (row->type) {
    case OPTION_TEXT: *(const char **)field = text; break;
    case OPTION_OUTPUT: good = strcmp(text, "-") != 0; *(const char **)field = text; break;
    case OPTION_FLAG: *(bool *)field = true; break;
    case OPTION_COUNT: good = number_read(row, text, &v); *(long *)field = good ? (long)v : -1; break;
    case OPTION_REAL: good = number_read(row, text, &v); *(double *)field = v; break;
    case OPTION_SEED: good = o->seed_given = seed_read(text, (uint64_t *)field); break;
    }
    if (!good && row->type == OPTION_SEED)
        fprintf(stderr, "%s: --seed \"%s\"; expected a whole number from 0 to 18446744073709551615\n", program, text);
    else if (!good && row->type == OPTION_OUTPUT)
        fprintf(stderr, "%s: --%s \"-\"; expected a name: standard output is taken by the results (a file of that name is ./-)\n", program, row->name);
    else if (!good)
        fprintf(stderr, "%s: --%s \"%s\"; expected a %snumber of at least %g\n", program, row->name, text,
                row->type == OPTION_COUNT ? "whole " : "", row->min);
    return good;
}

static bool unknown_option(const char *program, const Command *command, const char *given)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    const OptionRow *nearest = NULL;
    for (int i = 0; i < ROWS; i++)
        if (row_applies(&rows[i], command)
            && (!nearest || word_distance(name + strspn(name, "-"), rows[i].name) < word_distance(name + strspn(name, "-"), nearest->name)))
            nearest = &rows[i];
    fprintf(stderr, "%s: %s has no option \"%s\"; the nearest is --%s (%s %s --help lists all)\n", program, command->name,
            name, nearest->name, program, command->name);
    return false;
}

static bool option_fault(const char *program, const Command *command, int code, char **argv)
{
    if (code == '?' && optopt == 0)
        return unknown_option(program, command, argv[optind - 1]);
    if (code == '?' && optopt < 1000) {
        char letter[3] = {'-', (char)optopt, 0};
        return unknown_option(program, command, letter);
    }
    const OptionRow *row = &rows[optopt - 1000];
    fprintf(stderr, "%s: --%s %s%s\n", program, row->name, code == ':' ? "needs a value: " : "takes no value",
            code == ':' ? row->value : "");
    return false;
}

static bool leftovers_read(Options *o, const char *program, const Command *command, int count, char **texts)
{
    o->texts_count = count;
    o->texts = texts;
    if (count && !command->takes_texts && !o->help)
        fprintf(stderr, "%s: %s takes options only; found \"%s\"\n", program, command->name, texts[0]);
    else if (command->needs_load && !o->load && !o->help)
        fprintf(stderr, "%s: %s needs --load W, the weights train --save wrote\n", program, command->name);
    else
        return true;
    return false;
}

/* ---- outputs ---- */

/* Weights may be read from where they are written, and a checkpoint. A text may stand in no such place, and weights in that of no checkpoint: training
 * could not be resumed from them. */
static bool places_check(const Options *o, const char *program)
{
    const struct {
        const char *name, *path, *other, *taken;
    } pairs[] = {
        {"log", o->log, "load", o->load}, {"log", o->log, "resume", o->resume}, {"log", o->log, "save", o->save}, {"log", o->log, "checkpoint", o->checkpoint},
        {"details", o->details, "load", o->load}, {"save", o->save, "checkpoint", o->checkpoint}, {"save", o->save, "resume", o->resume},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].path && pairs[i].taken && (strcmp(pairs[i].path, pairs[i].taken) == 0 || seqrt_same_file(pairs[i].path, pairs[i].taken))) {
            fprintf(stderr, "%s: --%s \"%s\" is the file of --%s, too; expected another file\n", program, pairs[i].name, pairs[i].path, pairs[i].other);
            return false;
        }
    return true;
}

bool seqrt_outputs_check(const SeqrtTask *task, const Options *options, const char *program)
{
    if (!places_check(options, program))
        return false;
    const char *const data[] = {options->data, options->valid, task->train_path, task->valid_path, task->test_path};
    for (int i = 0; i < ROWS; i++) {
        const char *output = rows[i].type == OPTION_OUTPUT ? *(const char *const *)((const char *)options + rows[i].offset) : NULL;
        for (size_t k = 0; k < sizeof data / sizeof *data; k++)
            if (seqrt_same_file(output, data[k])) {
                fprintf(stderr, "%s: --%s \"%s\" would be written over the data; expected another file\n", program, rows[i].name, output);
                return false;
            }
    }
    return true;
}

bool seqrt_options_read(Options *options, const char *program, const Command *command, int argc, char **argv)
{
    struct option longs[ROWS + 1] = {{0}};
    for (int i = 0, n = 0; i < ROWS; i++)
        if (row_applies(&rows[i], command))
            longs[n++] = (struct option){rows[i].name, rows[i].value ? required_argument : no_argument, NULL, 1000 + i};
    optind = 0; /* start anew: a program may call seqrt_main more than once */
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (code == 'h')
            options->help = true;
        else if (code == '?' || code == ':')
            return option_fault(program, command, code, argv);
        else if (!value_set(options, &rows[code - 1000], optarg, program))
            return false;
    }
    return leftovers_read(options, program, command, argc - optind, argv + optind);
}
