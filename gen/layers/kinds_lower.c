/* kinds_lower.c: the generator's half of every layer kind, by name. */
#include "../plan/plan.h"

#include <string.h>

#define KIND(name) void name##_lower(Plan *plan, const Layer *layer);
#include "kinds.def"
#undef KIND

#define KIND(name) {#name, name##_lower},
static const LowerKind KINDS[] = {
#include "kinds.def"
};
#undef KIND

const LowerKind *lower_find(const char *name)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(KINDS[i].name, name) == 0)
            return &KINDS[i];
    return NULL;
}
