/* plot.c: see plot.h. */
#define _GNU_SOURCE
#include "plot.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "html.h"

extern char **environ;

unsigned seqrt_plot_colour(int i) { return i < 0 ? 0xff : (unsigned)(i % PLOT_COLOURS); }

/* ---- gnuplot, a child between two unlinked files ---- */

static int gnuplot(FILE *in, FILE *out, const char *const argv[])
{
    pid_t pid;
    int status;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (in)
        posix_spawn_file_actions_adddup2(&actions, fileno(in), 0);
    posix_spawn_file_actions_adddup2(&actions, fileno(out), 1);
    if (!in)
        posix_spawn_file_actions_adddup2(&actions, fileno(out), 2);
    int why = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (why != 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool seqrt_plot_possible(void)
{
    const char *const argv[] = {"gnuplot", "--version", NULL};
    FILE *out = tmpfile();
    bool possible = out && gnuplot(NULL, out, argv) == 0;
    if (out)
        fclose(out);
    return possible;
}

/* ---- the script's frame ---- */

bool seqrt_plot_begin(Plot *plot, int width, int height, const char *alt)
{
    *plot = (Plot){.script = tmpfile(), .width = width, .height = height, .alt = alt};
    if (!plot->script)
        return false;
    fprintf(plot->script,
            "set encoding utf8\nset terminal svg size %d,%d noenhanced font 'Arial,13' linewidth 1 rounded\n"
            "unset key\nset border 0\nset tics nomirror scale 0 textcolor rgb " COLOUR_MUTED "\n"
            "set grid ytics lw 1 lc rgb " COLOUR_GRID " dt solid\nset tics format '%%g'\n",
            width, height);
    return true;
}

int seqrt_plot_name(Plot *plot, const char *text)
{
    enum { NAMES = sizeof plot->names / sizeof plot->names[0] };
    if (plot->names_count == NAMES)
        return NAMES - 1;
    plot->names[plot->names_count] = text;
    return plot->names_count++;
}

/* ---- gnuplot's SVG into the page's ---- */

static void colour_write(FILE *out, int green, int blue)
{
    static const char *const plain[] = {"ink", "muted", "grid"};
    if (green == 0)
        fprintf(out, "var(--%s)", plain[blue >= 0 && blue < 3 ? blue : 0]);
    else if (blue == 0xff)
        fprintf(out, "var(--%sbase)", green == 2 ? "faint-" : "");
    else
        fprintf(out, "var(--%ss%d)", green == 2 ? "faint-" : "", blue % PLOT_COLOURS);
}

/* "rgb(  1, 2, 3)" of the stand-ins; the length of what was read, 0: something else. */
static int colour_take(const char *at, FILE *out)
{
    int red, green, blue, length = 0;
    if (sscanf(at, "rgb( %d , %d , %d )%n", &red, &green, &blue, &length) != 3 || length == 0 || red != 1)
        return 0;
    colour_write(out, green, blue);
    return length;
}

static int name_take(const Plot *plot, const char *at, FILE *out)
{
    int i, length = 0;
    if (sscanf(at, "@%d@%n", &i, &length) != 1 || length == 0 || i < 0 || i >= plot->names_count)
        return 0;
    seqrt_html_text(out, plot->names[i]);
    return length;
}

/* Things that would fight with the page or with another plot in it, each by its beginning. */
static int other_take(const char *at, FILE *out, unsigned id)
{
    static const struct { const char *from, *to; } changes[] = {
        {"fill=\"black\"", "fill=\"currentColor\""},
        {"stroke=\"black\"", "stroke=\"currentColor\""},
        {"stroke='black'", "stroke='currentColor'"},
        {"color=\"black\"", ""},
        {"color=\"white\"", ""},
        {" font-family=\"Arial\"", ""},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (strncmp(at, changes[i].from, strlen(changes[i].from)) == 0) {
            fputs(changes[i].to, out);
            return (int)strlen(changes[i].from);
        }
    static const char *const ids[] = {"id='gp", "id=\"gnuplot", "href='#gp"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (strncmp(at, ids[i], strlen(ids[i])) == 0) {
            fprintf(out, "%.*sp%u-", (int)strcspn(ids[i], "g"), ids[i], id);
            return (int)strcspn(ids[i], "g");
        }
    return 0;
}

/* Titles would show up as tooltips; the filters are for boxed labels, which no figure has. */
static int skip_take(const char *at)
{
    static const char *const spans[][2] = {{"<title>", "</title>"}, {"<filter ", "</filter>"}};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        const char *end = strncmp(at, spans[i][0], strlen(spans[i][0])) == 0 ? strstr(at, spans[i][1]) : NULL;
        if (end)
            return (int)(end + strlen(spans[i][1]) - at);
    }
    return 0;
}

static void svg_write(const Plot *plot, const char *svg, FILE *out)
{
    static unsigned id;
    const char *body = strstr(svg, "<g id=\"gnuplot_canvas\">"), *end = body ? strstr(body, "</svg>") : NULL;
    if (!body || !end)
        return;
    id++;
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", plot->width, plot->height);
    seqrt_html_text(out, plot->alt);
    fputs("\" xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n", out);
    for (const char *at = body; at < end;) {
        int taken = colour_take(at, out);
        taken = taken ? taken : name_take(plot, at, out);
        taken = taken ? taken : other_take(at, out, id);
        taken = taken ? taken : skip_take(at);
        if (!taken)
            fputc(*at, out);
        at += taken ? taken : 1;
    }
    fputs("</svg>\n", out);
}

static char *slurp(FILE *file)
{
    long size;
    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0)
        return NULL;
    char *text = malloc((size_t)size + 1);
    rewind(file);
    if (text)
        text[fread(text, 1, (size_t)size, file)] = '\0';
    return text;
}

bool seqrt_plot_end(Plot *plot, FILE *out)
{
    const char *const argv[] = {"gnuplot", "-d", "-", NULL};
    FILE *drawn = tmpfile();
    char *svg = NULL;
    fflush(plot->script);
    rewind(plot->script);
    if (drawn && gnuplot(plot->script, drawn, argv) == 0 && (svg = slurp(drawn)))
        svg_write(plot, svg, out);
    bool good = svg != NULL;
    free(svg);
    if (drawn)
        fclose(drawn);
    fclose(plot->script);
    return good;
}
