/* html.c: see html.h. */
#include "html.h"

#include <math.h>
#include <string.h>

#include "data_own.h"

static void character(FILE *out, const char *text, int length)
{
    unsigned char c = (unsigned char)*text;
    switch (c) {
    case '&': fputs("&amp;", out); return;
    case '<': fputs("&lt;", out); return;
    case '>': fputs("&gt;", out); return;
    case '"': fputs("&quot;", out); return;
    case '\'': fputs("&#39;", out); return;
    default: break;
    }
    if (length == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        fputs("\xef\xbf\xbd", out);
    else
        fwrite(text, 1, (size_t)length, out);
}

void seqrt_html_text(FILE *out, const char *text)
{
    for (; text && *text;) {
        int length = seqrt_utf8_length(text);
        character(out, text, length);
        text += length ? length : 1;
    }
}

const char *seqrt_html_count(double v, char text[32])
{
    char digits[32], *to = text;
    int count = snprintf(digits, sizeof digits, "%.0f", v);
    for (int i = 0; i < count && to - text < 30; i++) {
        if (i > 0 && (count - i) % 3 == 0 && digits[i - 1] != '-')
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return isfinite(v) ? text : strcpy(text, "–");
}

const char *seqrt_html_bytes(double v, char text[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    int unit = 0;
    if (!isfinite(v))
        return strcpy(text, "–");
    for (; v >= 1024 && unit < 3; unit++)
        v /= 1024;
    snprintf(text, 32, "%.*f %s", unit > 0 && v < 100, v, units[unit]);
    return text;
}

const char *seqrt_html_seconds(double v, char text[32])
{
    long whole = lround(v);
    if (!isfinite(v))
        return strcpy(text, "–");
    if (v < 100)
        snprintf(text, 32, "%.1f s", v);
    else if (v < 6000)
        snprintf(text, 32, "%ld min %ld s", whole / 60, whole % 60);
    else
        snprintf(text, 32, "%ld h %ld min", whole / 3600, whole / 60 % 60);
    return text;
}

const char *seqrt_html_figure(const char *metric, double v, char text[32])
{
    if (!isfinite(v))
        return strcpy(text, "–");
    if (strcmp(metric, "accuracy") == 0)
        snprintf(text, 32, "%.3f", v);
    else
        snprintf(text, 32, v >= 1000 ? "%.0f" : v >= 100 ? "%.1f" : v >= 10 ? "%.2f" : v >= 0.1 ? "%.3f" : "%.3g", v);
    return text;
}
