/* stream.c: quoting, once and for all. See stream.h. */
#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void argument(Stream *stream, const char *arg)
{
    if (strstr(arg, "<|") || strstr(arg, "|>")) {
        fprintf(stderr, "seqgen: internal error: an argument for m4 holds a quote: %s\n", arg);
        abort();
    }
    text_add(&stream->text, "<|");
    text_add_bytes(&stream->text, arg, strlen(arg));
    text_add(&stream->text, "|>");
}

void stream_op(Stream *stream, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    text_add(&stream->text, "%s", name);
    int count = 0;
    for (const char *arg; (arg = va_arg(args, const char *)); count++) {
        text_add(&stream->text, count ? ", " : "(");
        argument(stream, arg);
    }
    text_add(&stream->text, count ? ")\n" : "\n");
    va_end(args);
}

void stream_define(Stream *stream, const char *name, const char *value)
{
    text_add(&stream->text, "m4_define(<|%s|>, <|%s|>)m4_dnl\n", name, value);
}

/* Words that m4 knows; a name of the user's may hold one. */
static bool starts_macro(const char *p) { return strncmp(p, "m4_", 3) == 0 || strncmp(p, "sg_", 3) == 0; }

char *stream_string(const char *text)
{
    if (!text)
        return mem_copy("NULL");
    Text out = {0};
    text_add(&out, "\"");
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p >= 0x7f || strchr("\"\\?$<>|`'#", *p) || starts_macro((const char *)p))
            text_add(&out, "\\%03o", *p);
        else
            text_add_bytes(&out, (const char *)p, 1);
    }
    text_add(&out, "\"");
    return out.data;
}

char *stream_comment(const char *text)
{
    Text out = {0};
    text_add(&out, "%s", "");
    for (const char *p = text; *p; p++) {
        const bool odd = *p < 0x20 || *p >= 0x7f || strchr("\\?$", *p) || (p[0] == '*' && p[1] == '/') || (p[0] == '/' && p[1] == '*') ||
                         (p[0] == '<' && p[1] == '|') || (p[0] == '|' && p[1] == '>') || starts_macro(p);
        text_add_bytes(&out, odd ? "." : p, 1);
    }
    return out.data;
}

char *stream_int(long long value) { return mem_format("%lld", value); }

char *stream_real(double value)
{
    char *text = mem_real(value);
    if (strpbrk(text, ".en"))
        return text;
    char *with_point = mem_format("%s.0", text);
    free(text);
    return with_point;
}
