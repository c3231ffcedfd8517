/* compiler.h: the C compiler that turns a generated file into a trainer.
 *
 * Takes: $CC (default cc) and $CFLAGS, split on spaces; no shell sees them. Gives: a program.
 * Does not: generate, or decide what a failed compilation means.
 */
#ifndef SEQGEN_COMPILER_H
#define SEQGEN_COMPILER_H

#include "../spec/spec.h"
#include "home.h"
#include "process.h"

enum { COMPILER_WORDS = 128 };

typedef struct Compiler {
    char *words[COMPILER_WORDS]; /* compiler and flags */
    int count;
} Compiler;

/* Without $CFLAGS: what full speed needs for that target. Flags that not every compiler knows are tried first on an
 * empty file. False: the compiler cannot be started, *error says why. */
bool compiler_find(Compiler *compiler, Target target, SeqrtError *error);
/* The same compiler at -O1, in half the time or less; with $CFLAGS the same flags. */
void compiler_quick(Compiler *quick, const Compiler *compiler);
/* Starts compiling and linking source into program; the result is an exit code and the compiler's messages. */
bool compiler_start(const Compiler *compiler, const Home *home, const char *source, const char *program,
                    Process *process, SeqrtError *error);
bool compiler_run(const Compiler *compiler, const Home *home, const char *source, const char *program,
                  ProcessResult *result, SeqrtError *error);
/* "cc -O3 -march=native"; caller frees. */
char *compiler_text(const Compiler *compiler);
void compiler_free(Compiler *compiler);

#endif
