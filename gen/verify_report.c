/* verify_report.c: see verify_report.h. */
#include "verify_report.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const source_words[SOURCES] = {"interpreter", "float64", "float32", "other_unroll"};

/* ---- text ---- */

static const char *error_text(const Difference *d, char text[24])
{
    if (!d->used)
        strcpy(text, "-");
    else if (*d->problem)
        strcpy(text, "!");
    else if (d->error == 0)
        strcpy(text, "0");
    else
        snprintf(text, 24, "%.1e", d->error);
    return text;
}

/* "[3, 17]", "" for a single number; returns text. */
static const char *place_text(const Difference *d, char text[128])
{
    int at = 0;
    text[0] = '\0';
    for (int k = 0; k < d->rank; k++)
        at += snprintf(text + at, 128 - (size_t)at, "%s%lld", k ? ", " : "[", (long long)d->worst[k]);
    if (d->rank > 0)
        snprintf(text + at, 128 - (size_t)at, "]");
    return text;
}

static void print_worst(const VerifyLine *line)
{
    char at[128];
    const Difference *d = verify_line_worst(line);
    bool other = line->property && d->tensor && d->error != 0;
    if (*d->problem && d->rank == 0)
        printf("  %s%s%s", line->property ? d->tensor : "", line->property ? ": " : "", d->problem);
    else if (d->error != 0)
        printf("  %s%s%s%.9g, expected %.9g", other ? d->tensor : "", place_text(d, at), other || d->rank ? " " : "",
               d->found, d->expected);
}

static void print_line(const VerifyLine *line)
{
    char text[24];
    printf("%-34s", line->name);
    for (int i = line->property ? FROM_INTERPRETER : FROM_FLOAT64; i <= (line->property ? FROM_OTHER : FROM_FLOAT32); i++)
        printf(" %9s", error_text(&line->by[i], text));
    printf("  %s", verify_line_ok(line) ? "ok  " : "FAIL");
    print_worst(line);
    putchar('\n');
}

static void print_heads(bool property)
{
    if (property)
        printf("\n%-34s %9s %9s %9s %9s\n", "property", "oracle", "float64", "float32", "other");
    else
        printf("%-34s %9s %9s        worst element\n", "tensor", "float64", "float32");
}

static void print_text(const VerifyLines *lines, bool quiet)
{
    for (int i = 0; i < lines->count; i++) {
        const VerifyLine *line = &lines->lines[i];
        if (!quiet && (i == 0 || line->property != line[-1].property))
            print_heads(line->property);
        if (!quiet || !verify_line_ok(line))
            print_line(line);
    }
}

/* ---- JSON ---- */

static json_t *json_number(double number) { return isfinite(number) ? json_real(number) : json_null(); }

static json_t *json_worst(const VerifyLine *line)
{
    const Difference *d = verify_line_worst(line);
    json_t *index = json_array();
    for (int k = 0; k < d->rank; k++)
        json_array_append_new(index, json_integer(d->worst[k]));
    json_t *worst = json_pack("{s:s,s:o,s:o,s:o}", "tensor", d->tensor ? d->tensor : line->name, "index", index, "found",
                              json_number(d->found), "expected", json_number(d->expected));
    if (*d->problem)
        json_object_set_new(worst, "problem", json_string(d->problem));
    return worst;
}

static json_t *json_line(const VerifyLine *line)
{
    json_t *object = json_pack("{s:s,s:b}", "name", line->name, "ok", (int)verify_line_ok(line));
    for (int i = 0; i < SOURCES; i++)
        if (line->by[i].used)
            json_object_set_new(object, source_words[i], json_number(line->by[i].error));
    json_object_set_new(object, "worst", json_worst(line));
    return object;
}

static void print_json(const char *name, const VerifyLines *lines, bool ok, double seconds, const char *note)
{
    json_t *tensors = json_array(), *properties = json_array();
    for (int i = 0; i < lines->count; i++)
        json_array_append_new(lines->lines[i].property ? properties : tensors, json_line(&lines->lines[i]));
    json_t *all = json_pack("{s:s,s:b,s:f,s:o,s:o}", "name", name, "ok", (int)ok, "seconds", seconds, "tensors", tensors,
                            "properties", properties);
    if (note)
        json_object_set_new(all, "note", json_string(note));
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(all);
}

/* ---- both ---- */

bool verify_report(const Cli *cli, const char *name, const VerifyLines *lines, double seconds, const char *note)
{
    const VerifyLine *first = NULL;
    int failed = 0;
    for (int i = 0; i < lines->count; i++)
        if (!verify_line_ok(&lines->lines[i]) && failed++ == 0)
            first = &lines->lines[i];
    if (cli->json)
        print_json(name, lines, failed == 0, seconds, note);
    else
        print_text(lines, cli->quiet);
    fflush(stdout);
    if (failed)
        cli_fail(EXIT_MISMATCH, "%s: %d of %d lines do not agree with the interpreter; the first: %s", name, failed,
                 lines->count, first->name);
    else if (!cli->quiet)
        fprintf(stderr, "%s%s: %d lines agree with the interpreter, %.1f s%s%s\n", cli->json ? "" : "\n", name,
                lines->count, seconds, note ? "; " : "", note ? note : "");
    return failed == 0;
}
