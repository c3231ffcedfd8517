/* kind.c: the table of layer kinds, from kinds.def.
 *
 * Takes: a kind's name or number. Gives: the kind; checks that several kinds share. Does not: know any kind's keys.
 */
#include "kind_rules.h"

#include <string.h>

#define KIND(name) extern const LayerKind name##_kind;
#include "kinds.def"
#undef KIND

static const LayerKind *const kinds[] = {
#define KIND(name) &name##_kind,
#include "kinds.def"
#undef KIND
};

int kind_count(void)
{
    return (int)(sizeof kinds / sizeof kinds[0]);
}

const LayerKind *kind_at(int i)
{
    return kinds[i];
}

const LayerKind *kind_find(const char *name)
{
    for (int i = 0; i < kind_count(); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

bool kind_want_numbers(const LayerSpec *spec, const Shape *in, Diag *diag)
{
    if (!in->tokens)
        return true;
    diag_error(diag, spec->loc, "put embedding, a recurrent layer or linear before it",
               "layer '%s' (%s) needs numbers, but what arrives is tokens", spec->name, spec->kind->name);
    return false;
}

bool kind_want_steps(const LayerSpec *spec, const Shape *in, Diag *diag)
{
    if (in->steps)
        return true;
    diag_error(diag, spec->loc, "put it before last, mean, max or flatten",
               "layer '%s' (%s) needs a value of every step, but what arrives is one vector of %d a sequence",
               spec->name, spec->kind->name, in->width);
    return false;
}
