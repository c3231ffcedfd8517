/* confusion.c: which class was taken for which, and how well each is found.
 *
 * Takes: Metrics with a confusion matrix, rows the true class, columns the predicted one. Gives: precision, recall, f1 and
 * support of each class and their means over the classes that occur, as text and as JSON.
 * Does not: count (metrics.c). What has no denominator is 0, as in scikit-learn.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "data_own.h"
#include "trainer.h"

enum { MATRIX_CLASSES = 20, WORST_PAIRS = 10, NAME_WIDTH = 20 };

typedef struct Score { double precision, recall, f1; uint64_t support, predicted; } Score;

static uint64_t cell(const Metrics *m, int is, int predicted) { return m->confusion[is * m->classes + predicted]; }

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

static Score class_score(const Metrics *m, int c)
{
    Score s = {0, 0, 0, 0, 0};
    for (int other = 0; other < m->classes; other++) {
        s.support += cell(m, c, other);
        s.predicted += cell(m, other, c);
    }
    double right = (double)cell(m, c, c);
    s.precision = ratio(right, (double)s.predicted);
    s.recall = ratio(right, (double)s.support);
    s.f1 = ratio(2 * right, (double)(s.support + s.predicted));
    return s;
}

/* The plain mean over classes that occur, in truth or in predictions. */
static Score macro_score(const Metrics *m)
{
    Score mean = {0, 0, 0, 0, 0};
    int seen = 0;
    for (int c = 0; c < m->classes; c++) {
        Score s = class_score(m, c);
        mean.precision += s.precision;
        mean.recall += s.recall;
        mean.f1 += s.f1;
        mean.support += s.support;
        seen += s.support + s.predicted > 0;
    }
    mean.precision = ratio(mean.precision, seen);
    mean.recall = ratio(mean.recall, seen);
    mean.f1 = ratio(mean.f1, seen);
    return mean;
}

/* ---- text ---- */

/* Columns on a terminal, taking every character as one. */
static int text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

/* A name cut to NAME_WIDTH characters and padded to `width`; right: blanks before it. */
static void name_print(const char *name, int width, bool right)
{
    int shown = text_width(name) < NAME_WIDTH ? text_width(name) : NAME_WIDTH;
    if (right)
        printf("%*s", width - shown, "");
    for (int i = 0; i < shown; i++) {
        int bytes = seqrt_utf8_length(name);
        bytes = bytes ? bytes : 1;
        fwrite(name, 1, (size_t)bytes, stdout);
        name += bytes;
    }
    if (!right)
        printf("%*s", width - shown, "");
}

static int names_width(const SeqrtTask *task, int least)
{
    int width = least;
    for (int c = 0; c < task->classes_count; c++)
        if (text_width(task->classes[c]) > width)
            width = text_width(task->classes[c]);
    return width < NAME_WIDTH ? width : NAME_WIDTH;
}

static void score_print(const Score *s)
{
    printf("  %9.4f %9.4f %9.4f %9llu\n", s->precision, s->recall, s->f1, (unsigned long long)s->support);
}

static void scores_print(const SeqrtTask *task, const Metrics *m)
{
    int width = names_width(task, 10);
    printf("\n%-*s  %9s %9s %9s %9s\n", width, "class", "precision", "recall", "f1", "support");
    for (int c = 0; c < m->classes; c++) {
        Score s = class_score(m, c);
        name_print(task->classes[c], width, false);
        score_print(&s);
    }
    Score mean = macro_score(m);
    printf("%-*s", width, "macro mean");
    score_print(&mean);
}

static void matrix_print(const SeqrtTask *task, const Metrics *m)
{
    int width = names_width(task, 10), column = names_width(task, 6);
    printf("\n%-*s", width, "true \\ pred");
    for (int c = 0; c < m->classes; c++) {
        putchar(' ');
        name_print(task->classes[c], column, true);
    }
    putchar('\n');
    for (int is = 0; is < m->classes; is++) {
        name_print(task->classes[is], width > 11 ? width : 11, false);
        for (int c = 0; c < m->classes; c++)
            printf(" %*llu", column, (unsigned long long)cell(m, is, c));
        putchar('\n');
    }
}

typedef struct Pair { uint64_t count; int is, predicted; } Pair;

static int pairs_compare(const void *a, const void *b)
{
    const Pair *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->is != y->is ? x->is - y->is : x->predicted - y->predicted;
}

static void worst_print(const SeqrtTask *task, const Metrics *m)
{
    Pair *pairs = seqrt_need((size_t)m->classes * (size_t)m->classes, sizeof *pairs);
    int count = 0;
    for (int is = 0; is < m->classes; is++)
        for (int c = 0; c < m->classes; c++)
            if (is != c && cell(m, is, c))
                pairs[count++] = (Pair){cell(m, is, c), is, c};
    qsort(pairs, (size_t)count, sizeof *pairs, pairs_compare);
    printf("\nmost frequent confusions\n");
    for (int i = 0; i < count && i < WORST_PAIRS; i++)
        printf("%9llu  %s taken for %s\n", (unsigned long long)pairs[i].count, task->classes[pairs[i].is], task->classes[pairs[i].predicted]);
    free(pairs);
}

void seqrt_confusion_print(const SeqrtTask *task, const Metrics *m)
{
    scores_print(task, m);
    if (m->classes <= MATRIX_CLASSES)
        matrix_print(task, m);
    else
        worst_print(task, m);
}

/* ---- JSON ---- */

static json_t *score_json(const Score *s)
{
    return json_pack("{s:f, s:f, s:f, s:I}", "precision", s->precision, "recall", s->recall, "f1", s->f1, "support", (json_int_t)s->support);
}

static json_t *matrix_json(const Metrics *m)
{
    json_t *matrix = json_array();
    for (int is = 0; is < m->classes; is++) {
        json_t *row = json_array();
        for (int c = 0; c < m->classes; c++)
            json_array_append_new(row, json_integer((json_int_t)cell(m, is, c)));
        json_array_append_new(matrix, row);
    }
    return matrix;
}

void seqrt_confusion_json(const SeqrtTask *task, const Metrics *m, void *object)
{
    json_t *classes = json_array(), *scores = json_array();
    for (int c = 0; c < m->classes; c++) {
        Score s = class_score(m, c);
        json_t *one = score_json(&s);
        json_object_set_new(one, "class", json_string(task->classes[c]));
        json_array_append_new(scores, one);
        json_array_append_new(classes, json_string(task->classes[c]));
    }
    Score mean = macro_score(m);
    json_object_set_new(object, "classes", classes);
    json_object_set_new(object, "confusion", matrix_json(m));
    json_object_set_new(object, "per_class", scores);
    json_object_set_new(object, "macro", score_json(&mean));
}
