/* file.c: see file.h. POSIX: a temporary beside the file, fsync, rename, fsync of the directory. */
#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool seqrt_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return a && b && stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* ---- reading ---- */

static char *stream_bytes(FILE *stream, size_t most, size_t *bytes, const char **why)
{
    size_t used = 0, capacity = 1 << 16, got;
    char *text = malloc(capacity + 1);
    while (text && (got = fread(text + used, 1, capacity - used, stream)) > 0) {
        used += got;
        if (used < capacity)
            continue;
        capacity = capacity < most ? seqrt_capacity(capacity, capacity + 1) : most + 1;
        char *grown = used <= most ? seqrt_resize(text, capacity + 1, 1) : NULL;
        if (!grown)
            break;
        text = grown;
    }
    *bytes = used;
    *why = !text ? "out of memory" : ferror(stream) ? strerror(errno) : used > most ? "larger than expected" : NULL;
    if (text && !*why && !feof(stream))
        *why = "out of memory";
    if (!*why)
        text[used] = '\0';
    return text;
}

char *seqrt_file_bytes(const char *path, size_t most, size_t *bytes, SeqrtError *error)
{
    const char *why = NULL;
    FILE *stream = fopen(path, "rb");
    char *text = stream ? stream_bytes(stream, most, bytes, &why) : NULL;
    if (stream && !why) {
        fclose(stream);
        return text;
    }
    if (why && *bytes > most)
        seqrt_fail(error, "%s: larger than %zu bytes", path, most);
    else
        seqrt_fail(error, "%s: %s", path, why ? why : strerror(errno));
    if (stream)
        fclose(stream);
    free(text);
    return NULL;
}

char *seqrt_read_file(const char *path, size_t *bytes, SeqrtError *error)
{
    return seqrt_file_bytes(path, (size_t)1 << 30, bytes, error);
}

/* ---- replacing ---- */

static void replace_free(SeqrtReplace *r)
{
    free(r->path);
    free(r->temp);
    *r = (SeqrtReplace){0};
}

/* O_EXCL with mode 0666, so that a new file gets what the umask allows, as any other new file. */
static int temp_open(SeqrtReplace *r)
{
    size_t size = strlen(r->path) + 48;
    r->temp = malloc(size);
    if (!r->temp)
        return -1;
    for (int i = 0; i < 100; i++) {
        snprintf(r->temp, size, "%s.%ld.%d.tmp", r->path, (long)getpid(), i);
        int fd = open(r->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static int place_open(SeqrtReplace *r)
{
    struct stat old;
    if (stat(r->path, &old) != 0)
        return temp_open(r);
    if (!S_ISREG(old.st_mode))
        return open(r->path, O_WRONLY | O_CLOEXEC);
    r->keep_mode = (int)(old.st_mode & 07777);
    return temp_open(r);
}

bool seqrt_replace_begin(SeqrtReplace *r, const char *path, SeqrtError *error)
{
    *r = (SeqrtReplace){.keep_mode = -1};
    r->path = realpath(path, NULL); /* NULL where the file is new */
    if (!r->path)
        r->path = strdup(path);
    int fd = r->path ? place_open(r) : -1;
    if (fd >= 0 && !(r->stream = fdopen(fd, "wb"))) {
        close(fd);
        if (r->temp)
            unlink(r->temp);
    }
    if (r->stream)
        return true;
    seqrt_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    replace_free(r);
    return false;
}

/* The rename is only durable once its directory is; a file system that cannot sync directories is no error. */
static void directory_sync(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

static bool stream_finish(SeqrtReplace *r)
{
    FILE *stream = r->stream;
    bool good = fflush(stream) == 0 && !ferror(stream);
    if (good && r->temp && r->keep_mode >= 0)
        good = fchmod(fileno(stream), (mode_t)r->keep_mode) == 0;
    if (good && r->temp)
        good = fsync(fileno(stream)) == 0;
    int why = errno;
    if (fclose(stream) != 0 && good)
        return false;
    errno = why;
    return good;
}

bool seqrt_replace_end(SeqrtReplace *r, bool commit, SeqrtError *error)
{
    bool good = true;
    if (!commit)
        fclose(r->stream);
    else if (!stream_finish(r) || (r->temp && rename(r->temp, r->path) != 0))
        good = seqrt_fail(error, "%s: cannot be written: %s", r->path, strerror(errno));
    if (r->temp && (!commit || !good))
        unlink(r->temp);
    else if (r->temp)
        directory_sync(r->path);
    replace_free(r);
    return good;
}

/* What is no file is not opened: a pipe's reader would take it for the end. */
bool seqrt_replace_check(const char *path, SeqrtError *error)
{
    struct stat old;
    SeqrtReplace r;
    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode) && !S_ISDIR(old.st_mode))
        return access(path, W_OK) == 0 || seqrt_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    return seqrt_replace_begin(&r, path, error) && seqrt_replace_end(&r, false, error);
}
