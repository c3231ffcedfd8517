/* m4.c: runs m4 on a stream and scans what comes back.
 *
 * m4 passes a misspelt macro through as text and exits with 0, so every word that starts like one of ours is a leak.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/process.h"
#include "parts.h"

/* A name of the user's may start like a macro; it stands in the graph. */
static bool user_word(const Graph *graph, const char *word, size_t length)
{
    const char *name = graph->spec->name;
    if (length >= strlen(name) && strncmp(word, name, strlen(name)) == 0)
        return true;
    for (int i = 0; i < graph->layers_count; i++) {
        name = graph->layers[i].name;
        if (length >= strlen(name) && strncmp(word, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

static bool scan(const Graph *graph, const char *text)
{
    int line = 1;
    for (const char *p = text; *p; p++) {
        line += *p == '\n';
        const bool starts = (p == text || !word_char(p[-1])) && (strncmp(p, "sg_", 3) == 0 || strncmp(p, "m4_", 3) == 0);
        if (!starts && strncmp(p, "<|", 2) != 0 && strncmp(p, "|>", 2) != 0)
            continue;
        size_t length = 0;
        while (word_char(p[length]))
            length++;
        if (length > 0 && user_word(graph, p, length))
            continue;
        fprintf(stderr, "seqgen: internal error: templates: output line %d holds '%.*s', which m4 should have replaced\n", line, (int)(length ? length : 2), p);
        return false;
    }
    return true;
}

/* m4 looks for what it includes where it runs before anywhere else, so it runs among the templates. */
int m4_run(const char *templates_dir, const Stream *stream, const Graph *graph, char **out)
{
    const char *const argv[] = {"m4", "-P", "-E", "-E", "-", NULL};
    ProcessResult result;
    SeqrtError error;
    const bool started = process_run(argv, templates_dir, stream->text.data, &result, &error);
    if (!started) {
        fprintf(stderr, "seqgen: error: GNU m4 could not be started: %s\n", error.text);
        return 5;
    }
    if (result.status != 0 || !scan(graph, result.out)) {
        if (result.status != 0)
            fprintf(stderr, "seqgen: error: m4 failed: %s\n", result.err);
        process_result_free(&result);
        return 5;
    }
    *out = mem_copy(result.out);
    process_result_free(&result);
    return 0;
}
