/* process.c: see process.h. Captured output goes to unlinked files, not pipes: no child ever blocks on a full one. */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"

extern char **environ;

/* ---- what an interruption must end and remove ---- */

enum { CLEAN_PIDS = 256, CLEAN_DIRECTORIES = 4 };
static volatile pid_t running[CLEAN_PIDS];
static char *volatile directories[CLEAN_DIRECTORIES];
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

/* Only async-signal-safe calls: rm does what nftw may not do here. */
static void interrupted(int number)
{
    for (int i = 0; i < CLEAN_PIDS; i++)
        if (running[i] > 0)
            kill(running[i], SIGTERM);
    for (int i = 0; i < CLEAN_DIRECTORIES; i++) {
        pid_t pid = directories[i] ? fork() : -1;
        if (pid == 0) {
            execl("/bin/rm", "rm", "-rf", "--", directories[i], (char *)NULL);
            _exit(127);
        }
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void signals_set(void (*handler)(int))
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
        sigemptyset(&action.sa_mask);
        sigaction(signals[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) /* nohup stays in force */
            sigaction(signals[i], &action, NULL);
    }
}

static void running_add(pid_t pid)
{
    signals_set(interrupted);
    for (int i = 0; i < CLEAN_PIDS; i++)
        if (running[i] == 0) {
            running[i] = pid;
            return;
        }
}

static void running_remove(pid_t pid)
{
    for (int i = 0; i < CLEAN_PIDS; i++)
        if (running[i] == pid)
            running[i] = 0;
}

/* ---- starting ---- */

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static FILE *unlinked(const char *text)
{
    FILE *file = tmpfile();
    if (file && text && (fputs(text, file) == EOF || fflush(file) != 0)) {
        fclose(file);
        return NULL;
    }
    if (file)
        rewind(file);
    return file;
}

static void process_close(Process *process)
{
    if (process->out)
        fclose(process->out);
    if (process->err)
        fclose(process->err);
    *process = (Process){0};
}

static bool process_open(Process *process, SeqrtError *error)
{
    *process = (Process){.out = unlinked(NULL), .err = unlinked(NULL), .started = seconds_now()};
    if (process->out && process->err)
        return true;
    snprintf(error->text, sizeof error->text, "cannot make a temporary file: %s", strerror(errno));
    process_close(process);
    return false;
}

static int spawn(Process *process, const char *const argv[], const char *directory, int input)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, fileno(process->out), 1);
    posix_spawn_file_actions_adddup2(&actions, fileno(process->err), 2);
    if (directory)
        posix_spawn_file_actions_addchdir_np(&actions, directory);
    int why = posix_spawnp(&process->pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return why;
}

bool process_start(Process *process, const char *const argv[], const char *directory, const char *input,
                   SeqrtError *error)
{
    if (!process_open(process, error))
        return false;
    FILE *in = input ? unlinked(input) : fopen("/dev/null", "r");
    int why = in ? spawn(process, argv, directory, fileno(in)) : errno;
    if (in)
        fclose(in);
    if (why == 0) {
        running_add(process->pid);
        return true;
    }
    snprintf(error->text, sizeof error->text, "%s: cannot be started: %s", argv[0], strerror(why));
    process_close(process);
    return false;
}

/* In the child: the parent's children and directories are none of its business. */
static _Noreturn void child(Process *process, int (*job)(void *), void *context)
{
    memset((void *)running, 0, sizeof running);
    memset((void *)directories, 0, sizeof directories);
    signals_set(SIG_DFL);
    dup2(fileno(process->out), STDOUT_FILENO);
    dup2(fileno(process->err), STDERR_FILENO);
    int status = job(context);
    fflush(stdout);
    fflush(stderr);
    _exit(status);
}

bool process_fork(Process *process, int (*job)(void *), void *context, SeqrtError *error)
{
    if (!process_open(process, error))
        return false;
    fflush(NULL); /* else both would write what is buffered */
    process->pid = fork();
    if (process->pid == 0)
        child(process, job, context);
    if (process->pid > 0) {
        running_add(process->pid);
        return true;
    }
    snprintf(error->text, sizeof error->text, "cannot start a process: %s", strerror(errno));
    process_close(process);
    return false;
}

/* ---- waiting ---- */

static char *slurp(FILE *file, size_t *bytes)
{
    Text text = {0};
    char block[8192];
    size_t got;
    text_add_bytes(&text, "", 0);
    rewind(file);
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        text_add_bytes(&text, block, got);
    *bytes = text.length;
    return text.data;
}

static void process_collect(Process *process, int status, ProcessResult *result)
{
    *result = (ProcessResult){
        .status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
        .seconds = seconds_now() - process->started,
    };
    result->out = slurp(process->out, &result->out_bytes);
    result->err = slurp(process->err, &result->err_bytes);
    running_remove(process->pid);
    process_close(process);
}

static int ended_any(Process *list, int count, ProcessResult *result, int options)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, options);
        if (pid == 0 || (pid < 0 && errno != EINTR))
            return -1;
        for (int i = 0; pid > 0 && i < count; i++)
            if (list[i].pid == pid) {
                process_collect(&list[i], status, result);
                return i;
            }
    }
}

int process_wait_any(Process *list, int count, ProcessResult *result) { return ended_any(list, count, result, 0); }

int process_poll_any(Process *list, int count, ProcessResult *result) { return ended_any(list, count, result, WNOHANG); }

bool process_run(const char *const argv[], const char *directory, const char *input, ProcessResult *result,
                 SeqrtError *error)
{
    Process process;
    *result = (ProcessResult){0};
    return process_start(&process, argv, directory, input, error) && process_wait_any(&process, 1, result) == 0;
}

void process_result_free(ProcessResult *result)
{
    free(result->out);
    free(result->err);
    *result = (ProcessResult){0};
}

const char *process_status(int status, char text[80])
{
    if (status > 128)
        snprintf(text, 80, "ended by signal %d (%s)", status - 128, strsignal(status - 128));
    else
        snprintf(text, 80, "exit code %d", status);
    return text;
}

/* ---- temporary directories ---- */

char *temp_directory(SeqrtError *error)
{
    const char *base = getenv("TMPDIR");
    char *path = mem_format("%s/seqgen.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(path)) {
        snprintf(error->text, sizeof error->text, "%s: cannot be made: %s", path, strerror(errno));
        free(path);
        return NULL;
    }
    for (int i = 0; i < CLEAN_DIRECTORIES; i++)
        if (!directories[i]) {
            directories[i] = path;
            break;
        }
    signals_set(interrupted);
    return path;
}

void temp_keep(char *path)
{
    for (int i = 0; i < CLEAN_DIRECTORIES; i++)
        if (directories[i] == path)
            directories[i] = NULL;
    free(path);
}

static int remove_entry(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info, (void)flag, (void)walk;
    return remove(path);
}

void temp_remove(char *path)
{
    if (path)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    temp_keep(path);
}
