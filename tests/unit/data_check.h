/* data_check.h: what the tests of the runtime's data half share: checks, texts that grow, files in a temporary directory.
 *
 * Prints "ok NAME" or "FAIL NAME: found / expected" for every case.
 */
#ifndef DATA_CHECK_H
#define DATA_CHECK_H

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seqrt_data.h"

static int failures;
static char directory[64], paths[4][128];

static void check(const char *name, bool holds)
{
    printf("%s %s\n", holds ? "ok" : "FAIL", name);
    failures += !holds;
}

static void check_text(const char *name, const char *found, const char *expected)
{
    bool same = !strcmp(found, expected);
    printf("%s %s", same ? "ok" : "FAIL", name);
    if (!same) printf(":\n  found    %s\n  expected %s", found, expected);
    putchar('\n');
    failures += !same;
}

/* A text that grows. */
static char said[1 << 18];
static void say(const char *format, ...)
{
    size_t used = strlen(said);
    va_list args;
    va_start(args, format);
    vsnprintf(said + used, sizeof said - used, format, args);
    va_end(args);
}

/* Writes a file; the path lives until the fourth next one. */
static const char *file_bytes(const char *name, const char *bytes, size_t count)
{
    static int turn;
    char *path = paths[turn++ & 3];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, count, f) != count || fclose(f)) exit(2);
    return path;
}

static const char *file(const char *name, const char *text) { return file_bytes(name, text, strlen(text)); }

/* An error's text without the directory. */
static const char *short_error(const SeqrtError *error)
{
    size_t length = strlen(directory) + 1;
    return strncmp(error->text, directory, length - 1) ? error->text : error->text + length;
}

static int file_remove(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status, (void)kind, (void)ftw;
    return remove(path);
}

static void directory_start(void)
{
    strcpy(directory, "/tmp/seqrt_data.XXXXXX");
    if (!mkdtemp(directory)) exit(2);
}

/* The program's exit code. */
static int directory_end(void)
{
    nftw(directory, file_remove, 8, FTW_DEPTH | FTW_PHYS);
    printf("# %d failed\n", failures);
    return failures != 0;
}

#endif
