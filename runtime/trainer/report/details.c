/* details.c: see details.h. */
#include "details.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Columns { int sequence, step, row, column, text, should, is, chance; } Columns;

static Columns columns_find(const RowFile *file)
{
    return (Columns){
        seqrt_row_column(file, "sequence"), seqrt_row_column(file, "step"), seqrt_row_column(file, "row"),
        seqrt_row_column(file, "column"), seqrt_row_column(file, "text"), seqrt_row_column(file, "true"),
        seqrt_row_column(file, "predicted"), seqrt_row_column(file, "chance"),
    };
}

static const char *cell(const RowFile *file, int column)
{
    return column >= 0 && column < file->count ? file->cells[column] : "";
}

static double number(const RowFile *file, int column)
{
    const char *text = cell(file, column);
    char *end;
    double v = strtod(text, &end);
    return end == text || *end ? NAN : v;
}

/* ---- mistakes ---- */

static void mistake_free(Mistake *m)
{
    free(m->text);
    free(m->should);
    free(m->is);
}

/* Into its place among the heaviest, if it is one of them. */
static void mistake_add(Details *d, const RowFile *file, const Columns *c, double weight)
{
    bool full = d->mistakes_count == MISTAKES;
    if (!isfinite(weight) || (full && !(weight > d->mistakes[MISTAKES - 1].weight)))
        return;
    if (full)
        mistake_free(&d->mistakes[--d->mistakes_count]);
    int at = d->mistakes_count++;
    for (; at > 0 && weight > d->mistakes[at - 1].weight; at--)
        d->mistakes[at] = d->mistakes[at - 1];
    const char *text = cell(file, c->text);
    double row = number(file, c->row >= 0 ? c->row : c->sequence), step = number(file, c->step);
    d->mistakes[at] = (Mistake){*text ? strdup(text) : NULL, strdup(cell(file, c->should)), strdup(cell(file, c->is)), weight,
                                isfinite(row) ? (long long)row : -1, isfinite(step) ? (long long)step : -1};
}

/* ---- numbers to draw: of each column the first step ahead, or every step of a signal, the last JUDGED_MAX ---- */

static Judged *judged_of(Details *d, const char *column, bool series)
{
    for (int i = 0; i < d->judged_count; i++)
        if (strcmp(d->judged[i].column, column) == 0)
            return &d->judged[i];
    if (d->judged_count == DRAWN_COLUMNS)
        return NULL;
    Judged *new = &d->judged[d->judged_count++];
    *new = (Judged){.series = series, .should = calloc(JUDGED_SCATTER, sizeof(double)), .is = calloc(JUDGED_SCATTER, sizeof(double))};
    snprintf(new->column, sizeof new->column, "%s", column);
    return new;
}

/* Twice what is drawn fits; when that is full the older half goes. */
static void judged_add(Judged *judged, double should, double is)
{
    if (!judged->should || !judged->is)
        return;
    int room = JUDGED_SCATTER, keep = room / 2;
    if (judged->count == room && !judged->series)
        return;
    if (judged->count == room) {
        memmove(judged->should, judged->should + room - keep, (size_t)keep * sizeof(double));
        memmove(judged->is, judged->is + room - keep, (size_t)keep * sizeof(double));
        judged->count = keep;
    }
    judged->should[judged->count] = should;
    judged->is[judged->count++] = is;
}

static void judged_end(Judged *judged)
{
    int over = judged->count - JUDGED_MAX;
    if (!judged->series || over <= 0)
        return;
    memmove(judged->should, judged->should + over, JUDGED_MAX * sizeof(double));
    memmove(judged->is, judged->is + over, JUDGED_MAX * sizeof(double));
    judged->count = JUDGED_MAX;
}

static void number_add(Details *d, const RowFile *file, const Columns *c, bool series, bool every_step)
{
    double should = number(file, c->should), is = number(file, c->is), step = number(file, c->step);
    mistake_add(d, file, c, fabs(is - should));
    if (!isfinite(should) || !isfinite(is) || (step > 1 && !every_step))
        return;
    Judged *judged = judged_of(d, cell(file, c->column), series);
    if (judged)
        judged_add(judged, should, is);
}

/* ---- the file ---- */

bool seqrt_details_read(Details *d, const char *path, bool series, bool every_step)
{
    RowFile file;
    *d = (Details){0};
    if (!seqrt_row_open(&file, path))
        return false;
    Columns c = seqrt_row_next(&file) ? columns_find(&file) : (Columns){-1, -1, -1, -1, -1, -1, -1, -1};
    d->numbers = c.column >= 0;
    while (seqrt_row_next(&file))
        if (d->numbers)
            number_add(d, &file, &c, series, every_step);
        else if (strcmp(cell(&file, c.should), cell(&file, c.is)) != 0)
            mistake_add(d, &file, &c, number(&file, c.chance));
    for (int i = 0; i < d->judged_count; i++)
        judged_end(&d->judged[i]);
    seqrt_row_close(&file);
    return true;
}

void seqrt_details_free(Details *d)
{
    for (int i = 0; i < d->mistakes_count; i++)
        mistake_free(&d->mistakes[i]);
    for (int i = 0; i < d->judged_count; i++) {
        free(d->judged[i].should);
        free(d->judged[i].is);
    }
}
