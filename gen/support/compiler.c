/* compiler.c: see compiler.h. */
#include "compiler.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void word_add(Compiler *compiler, const char *word)
{
    if (compiler->count < COMPILER_WORDS)
        compiler->words[compiler->count++] = mem_copy(word);
}

static void words_add(Compiler *compiler, const char *text)
{
    char *rest = mem_copy(text);
    for (char *word = strtok(rest, " \t\n"); word; word = strtok(NULL, " \t\n"))
        word_add(compiler, word);
    free(rest);
}

static const char *environment(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && value[strspn(value, " \t\n")] ? value : fallback;
}

/* Room for what follows the flags: "-x c -c -o /dev/null -", or the input, output and libraries. */
static int argv_begin(const Compiler *compiler, const char *argv[COMPILER_WORDS + 16])
{
    for (int i = 0; i < compiler->count; i++)
        argv[i] = compiler->words[i];
    return compiler->count;
}

/* Does it compile an empty file with these further flags? */
static bool accepts(const Compiler *compiler, const char *const *flags, int count, bool *accepted, SeqrtError *error)
{
    const char *argv[COMPILER_WORDS + 16];
    static const char *const empty[] = {"-Werror", "-x", "c", "-c", "-o", "/dev/null", "-", NULL};
    int words = argv_begin(compiler, argv);
    memcpy(argv + words, flags, (size_t)count * sizeof *flags);
    memcpy(argv + words + count, empty, sizeof empty);
    ProcessResult result;
    bool started = process_run(argv, NULL, "", &result, error);
    *accepted = started && result.status == 0;
    process_result_free(&result);
    return started;
}

/* All at once, which most compilers take; one by one where not, and the unknown left out. */
static bool add_accepted(Compiler *compiler, const char *const *flags, SeqrtError *error)
{
    bool accepted = true, started = true;
    int count = 0;
    while (flags[count])
        count++;
    if (count > 0)
        started = accepts(compiler, flags, count, &accepted, error);
    for (int i = 0; i < count && started; i++) {
        bool known = accepted;
        if (!accepted && count > 1)
            started = accepts(compiler, &flags[i], 1, &known, error);
        if (known)
            word_add(compiler, flags[i]);
    }
    return started;
}

/* Flags beyond these, by target; they are tried, and left out where unknown. */
static const char *const *target_flags(Target target)
{
#if defined __x86_64__ || defined __i386__
    static const char *const host[] = {"-march=native", "-mprefer-vector-width=512", NULL};
#else
    static const char *const host[] = {"-mcpu=native", NULL};
#endif
    static const char *const v3[] = {"-march=x86-64-v3", NULL};
    static const char *const v4[] = {"-march=x86-64-v4", "-mprefer-vector-width=512", NULL};
    static const char *const none[] = {NULL};
    switch (target) {
    case TARGET_HOST: return host;
    case TARGET_X86_64_V3: return v3;
    case TARGET_X86_64_V4: return v4;
    default: return none;
    }
}

bool compiler_find(Compiler *compiler, Target target, SeqrtError *error)
{
    *compiler = (Compiler){0};
    words_add(compiler, environment("CC", "cc"));
    if (getenv("CFLAGS")) {
        words_add(compiler, getenv("CFLAGS"));
        return true;
    }
    words_add(compiler, "-O2 -ftree-vectorize -ffp-contract=fast"); /* as fast as -O3 on what is generated, and compiled in half the time */
    return add_accepted(compiler, target_flags(target), error);
}

void compiler_quick(Compiler *quick, const Compiler *compiler)
{
    *quick = (Compiler){0};
    for (int i = 0; i < compiler->count; i++)
        word_add(quick, compiler->words[i]);
    if (!getenv("CFLAGS"))
        words_add(quick, "-O1 -fno-tree-vectorize"); /* the last one counts */
}

static char *dashed(const char *path) /* a file called "-x.c" is no option */
{
    return mem_format("%s%s", *path == '-' ? "./" : "", path);
}

bool compiler_start(const Compiler *compiler, const Home *home, const char *source, const char *program,
                    Process *process, SeqrtError *error)
{
    const char *argv[COMPILER_WORDS + 16];
    char *in = dashed(source), *out = dashed(program);
    const char *const rest[] = {"-I", home->include, in, "-o", out, home->trainer, home->runtime, "-ljansson", "-lm", "-lpthread", NULL};
    memcpy(argv + argv_begin(compiler, argv), rest, sizeof rest);
    bool started = process_start(process, argv, NULL, NULL, error);
    free(in);
    free(out);
    return started;
}

bool compiler_run(const Compiler *compiler, const Home *home, const char *source, const char *program,
                  ProcessResult *result, SeqrtError *error)
{
    Process process;
    *result = (ProcessResult){0};
    return compiler_start(compiler, home, source, program, &process, error) &&
           process_wait_any(&process, 1, result) == 0;
}

char *compiler_text(const Compiler *compiler)
{
    Text text = {0};
    for (int i = 0; i < compiler->count; i++)
        text_add(&text, "%s%s", i ? " " : "", compiler->words[i]);
    return text.data;
}

void compiler_free(Compiler *compiler)
{
    for (int i = 0; i < compiler->count; i++)
        free(compiler->words[i]);
    compiler->count = 0;
}
