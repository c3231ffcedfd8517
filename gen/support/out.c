/* out.c: see out.h. The single replacement is the runtime's (file.h). */
#define _GNU_SOURCE
#include "out.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"

static bool flushed(FILE *stream, const OutFile *file)
{
    return fwrite(file->bytes, 1, file->count, stream) == file->count && fflush(stream) == 0;
}

bool out_write(const OutFile *files, int count, SeqrtError *error)
{
    SeqrtReplace *places = mem_alloc((size_t)count * sizeof *places);
    SeqrtError ignored;
    bool good = true;
    int opened = 0;
    for (; good && opened < count; opened += good)
        good = seqrt_replace_begin(&places[opened], files[opened].path, error);
    for (int i = 0; good && i < count; i++)
        if (!flushed(places[i].stream, &files[i]))
            good = seqrt_fail(error, "%s: cannot be written: is the disk full?", files[i].path);
    for (int i = 0; i < opened; i++)
        if (!seqrt_replace_end(&places[i], good, good ? error : &ignored))
            good = false;
    free(places);
    return good;
}

static int mode_executable(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return (int)(0777 & ~mask);
}

bool out_program(const char *from, const char *path, SeqrtError *error)
{
    size_t count;
    char *bytes = seqrt_read_file(from, &count, error);
    SeqrtReplace place;
    if (!bytes)
        return false;
    bool good = seqrt_replace_begin(&place, path, error);
    if (good) {
        place.keep_mode = mode_executable();
        fwrite(bytes, 1, count, place.stream);
        good = seqrt_replace_end(&place, true, error);
    }
    free(bytes);
    return good;
}

bool out_has_place(const char *path)
{
    struct stat info;
    return stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
}

char *out_header_path(const char *path)
{
    size_t length = strlen(path);
    bool ends = length > 2 && strcmp(path + length - 2, ".c") == 0;
    return mem_format("%.*s.h", (int)(ends ? length - 2 : length), path);
}
