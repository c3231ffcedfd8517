/* several.c: a program with several trainers in it, which runs one of them more than once.
 *
 * Takes: MODELS, "M(a) M(b)": the names of the models linked. several NAME -- ARG ... [-- ARG ...]: lists of arguments for NAME_main.
 * Gives: the first exit code that is not 0. Does not: include a header of theirs.
 */
#include <stdio.h>
#include <string.h>

#define M(name) int name##_main(int argc, char **argv);
MODELS
#undef M

typedef struct Trainer {
    const char *name;
    int (*main)(int argc, char **argv);
} Trainer;

#define M(name) {#name, name##_main},
static const Trainer trainers[] = {MODELS};
#undef M

enum { WORDS = 32 };

static int run_all(const Trainer *trainer, int count, char **words)
{
    int status = 0;
    for (int i = 0; i < count && status == 0;) {
        char *argv[WORDS] = {(char *)trainer->name};
        int argc = 1;
        for (i++; i < count && strcmp(words[i], "--") != 0 && argc < WORDS - 1; i++)
            argv[argc++] = words[i];
        status = trainer->main(argc, argv);
    }
    return status;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < sizeof trainers / sizeof *trainers; i++)
        if (strcmp(trainers[i].name, argv[1]) == 0)
            return run_all(&trainers[i], argc - 2, argv + 2);
    fprintf(stderr, "several: no such model, or no arguments\n");
    return 1;
}
