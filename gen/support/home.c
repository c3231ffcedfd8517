/* home.c: see home.h. */
#define _GNU_SOURCE
#include "home.h"

#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

/* Places of a part below a prefix, the likely one first; the second is that of the source tree. */
static const char *const header_places[] = {"include/seqtrain.h", "build/include/seqtrain.h", NULL};
static const char *const trainer_places[] = {"lib/libseqtrain.a", "lib/*/libseqtrain.a", "lib64/libseqtrain.a",
                                             "build/lib/libseqtrain.a", NULL};
static const char *const runtime_places[] = {"lib/libseqrt.a", "lib/*/libseqrt.a", "lib64/libseqrt.a",
                                             "build/lib/libseqrt.a", NULL};
static const char *const template_places[] = {"share/seqgen/templates/base.m4", "templates/base.m4", NULL};

/* "/usr/bin/seqgen", 1 gives "/usr/bin"; NULL where the system does not tell. */
static char *program_up(int levels)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return NULL;
    path[length] = '\0';
    char *up = path;
    while (levels-- > 0)
        up = dirname(up);
    return mem_copy(up);
}

static char *glob_first(const char *pattern)
{
    glob_t found;
    char *first = glob(pattern, 0, NULL, &found) == 0 ? mem_copy(found.gl_pathv[0]) : NULL;
    globfree(&found);
    return first;
}

/* The part's path, or NULL with the paths tried added to `tried`. */
static char *part_find(char *const prefixes[], const char *const places[], Text *tried)
{
    for (int i = 0; prefixes[i]; i++)
        for (int j = 0; places[j]; j++) {
            char *pattern = mem_format("%s/%s", prefixes[i], places[j]);
            char *path = glob_first(pattern);
            if (!path)
                text_add(tried, "  tried %s\n", pattern);
            free(pattern);
            if (path)
                return path;
        }
    return NULL;
}

/* path: where to put what was found; directory: of it only the directory. */
static bool part_need(char **path, bool directory, const char *what, char *const prefixes[], const char *const places[])
{
    Text tried = {0};
    *path = part_find(prefixes, places, &tried);
    if (!*path)
        fprintf(stderr, "seqgen: error: %s not found; expected beside the program or under $SEQGEN_HOME\n%s", what,
                tried.data ? tried.data : "");
    else if (directory)
        *strrchr(*path, '/') = '\0';
    free(tried.data);
    return *path != NULL;
}

bool home_find(Home *home, bool linking)
{
    const char *given = getenv("SEQGEN_HOME");
    bool set = given && *given;
    char *prefixes[] = {set ? mem_copy(given) : program_up(2), set ? NULL : program_up(3), NULL};
    *home = (Home){0};
    bool good = part_need(&home->templates, true, "templates (base.m4)", prefixes, template_places);
    if (linking) {
        good &= part_need(&home->include, true, "trainer's header (seqtrain.h)", prefixes, header_places);
        good &= part_need(&home->trainer, false, "trainer's library (libseqtrain.a)", prefixes, trainer_places);
        good &= part_need(&home->runtime, false, "runtime library (libseqrt.a)", prefixes, runtime_places);
    }
    free(prefixes[0]);
    free(prefixes[1]);
    return good;
}

void home_free(Home *home)
{
    free(home->include);
    free(home->trainer);
    free(home->runtime);
    free(home->templates);
    *home = (Home){0};
}
