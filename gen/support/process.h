/* process.h: other programs, and parts of this one, run as children with their output captured; temporary directories.
 *
 * Takes: an argument vector (no shell) or a function. Gives: exit status, what it wrote, how long it took.
 * Does not: interpret output or decide what a failure means. When this program is interrupted (SIGINT, SIGTERM, SIGHUP)
 * its children are ended and its temporary directories removed.
 */
#ifndef SEQGEN_PROCESS_H
#define SEQGEN_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "seqrt.h"

typedef struct Process {
    pid_t pid;       /* 0: not running */
    FILE *out, *err; /* unlinked files the child writes to */
    double started;
} Process;

typedef struct ProcessResult {
    int status;      /* exit code; 128 + signal when a signal ended it */
    char *out, *err; /* what it wrote, NUL-terminated */
    size_t out_bytes, err_bytes;
    double seconds;
} ProcessResult;

/* argv[0] is looked up in PATH; argv ends with NULL. directory: to start in, or NULL. input: text for its standard
 * input, or NULL for none. False: the program cannot be started, *error says why. */
bool process_start(Process *process, const char *const argv[], const char *directory, const char *input,
                   SeqrtError *error);
/* Runs job(context) in a child of this program: it sees all memory as it is now and changes none of it. */
bool process_fork(Process *process, int (*job)(void *), void *context, SeqrtError *error);

/* Waits until one of the running processes of the list has ended; its place, or -1 when none runs. */
int process_wait_any(Process *list, int count, ProcessResult *result);
/* The same without waiting: -1 when none has ended yet. */
int process_poll_any(Process *list, int count, ProcessResult *result);
/* Starts and waits. */
bool process_run(const char *const argv[], const char *directory, const char *input, ProcessResult *result,
                 SeqrtError *error);
void process_result_free(ProcessResult *result);
/* "exit code 3", "ended by signal 11 (Segmentation fault)"; returns text. */
const char *process_status(int status, char text[80]);

/* A new directory under $TMPDIR (default /tmp); NULL: *error says why. Removed with all it holds by temp_remove. */
char *temp_directory(SeqrtError *error);
void temp_remove(char *path);
/* Frees the name, leaves the directory: somebody wants to look into it. */
void temp_keep(char *path);

double seconds_now(void); /* of a clock that only moves forward */

#endif
