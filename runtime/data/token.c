/* token.c: text cut into tokens, tokens looked up.
 *
 * Takes: NUL-terminated text, lists of entries. Gives: tokens in their written form, indices.
 * Does not: choose a vocabulary (the spec does), or read files.
 */
#include "data_own.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES = 256 };

/* ---- UTF-8 ---- */

static bool utf8_tail(unsigned char byte) { return (byte & 0xc0) == 0x80; }

int seqrt_utf8_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80) return s[0] != 0;
    if (s[0] < 0xc2 || s[0] > 0xf4 || !utf8_tail(s[1])) return 0;
    if (s[0] < 0xe0) return 2;
    if (!utf8_tail(s[2])) return 0;
    if (s[0] < 0xf0) {
        if (s[0] == 0xe0 && s[1] < 0xa0) return 0;   /* overlong */
        return s[0] == 0xed && s[1] > 0x9f ? 0 : 3;  /* surrogates */
    }
    if (!utf8_tail(s[3])) return 0;
    if (s[0] == 0xf0 && s[1] < 0x90) return 0;       /* overlong */
    return s[0] == 0xf4 && s[1] > 0x8f ? 0 : 4;      /* past U+10FFFF */
}

const char *seqrt_utf8_end(const char *text)
{
    for (int length; (length = seqrt_utf8_length(text)) > 0;) text += length;
    return text;
}

/* One character off *text into out; U+FFFD for a byte that starts none. Returns its bytes. */
static int take_char(const char **text, char *out)
{
    int length = seqrt_utf8_length(*text);
    memcpy(out, length ? *text : "\xef\xbf\xbd", length ? (size_t)length : 3);
    *text += length ? length : 1;
    return length ? length : 3;
}

const char *seqrt_text_start(const char *text) { return strncmp(text, SEQRT_BOM, 3) ? text : text + 3; }

/* ---- tokens ---- */

static char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static int next_char(bool lowercase, const char **text, char *token)
{
    if (!**text) return 0;
    int length = take_char(text, token);
    token[length] = '\0';
    if (lowercase) token[0] = ascii_lower(token[0]);
    return length;
}

static int next_byte(const char **text, char *token)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)**text;
    if (!byte) return 0;
    ++*text;
    if (byte >= 0x20 && byte < 0x80) {
        token[0] = (char)byte;
        token[1] = '\0';
        return 1;
    }
    const char written[5] = {'\\', 'x', digits[byte >> 4], digits[byte & 15], '\0'};
    memcpy(token, written, sizeof written);
    return 4;
}

typedef enum CharKind { CHAR_WORD, CHAR_SPACE, CHAR_MARK } CharKind;

/* Beyond ASCII what is no letter: Unicode's blocks of punctuation and symbols, roughly. 2019 is the apostrophe of print. */
static const struct { uint32_t first, last; CharKind kind; } others[] = {
    {0x80, 0x9f, CHAR_SPACE}, {0xa0, 0xa0, CHAR_SPACE}, {0xa1, 0xa9, CHAR_MARK}, {0xab, 0xb1, CHAR_MARK}, {0xb4, 0xb4, CHAR_MARK}, {0xb6, 0xb8, CHAR_MARK},
    {0xbb, 0xbb, CHAR_MARK}, {0xbf, 0xbf, CHAR_MARK}, {0xd7, 0xd7, CHAR_MARK}, {0xf7, 0xf7, CHAR_MARK}, {0x1680, 0x1680, CHAR_SPACE}, {0x2000, 0x200b, CHAR_SPACE},
    {0x2010, 0x2018, CHAR_MARK}, {0x201a, 0x2027, CHAR_MARK}, {0x2028, 0x202f, CHAR_SPACE}, {0x2030, 0x205e, CHAR_MARK}, {0x205f, 0x206f, CHAR_SPACE},
    {0x20a0, 0x20cf, CHAR_MARK}, {0x2190, 0x2bff, CHAR_MARK}, {0x2e00, 0x2e7f, CHAR_MARK}, {0x3000, 0x3000, CHAR_SPACE}, {0x3001, 0x3004, CHAR_MARK}, {0x3008, 0x3020, CHAR_MARK},
    {0xfeff, 0xfeff, CHAR_SPACE}, {0xff01, 0xff0f, CHAR_MARK}, {0xff1a, 0xff20, CHAR_MARK}, {0xff3b, 0xff40, CHAR_MARK}, {0xff5b, 0xff65, CHAR_MARK}, {0x1f000, 0x1faff, CHAR_MARK},
};

/* The code point of the valid UTF-8 character of `length` bytes, 2 to 4 */
static uint32_t code_point(const char *text, int length)
{
    uint32_t code = (unsigned char)text[0] & (0xffu >> (length + 1));
    for (int i = 1; i < length; i++) code = code << 6 | ((unsigned char)text[i] & 0x3fu);
    return code;
}

static CharKind char_kind(const char *text)
{
    const char c = *text;
    if ((unsigned char)c < 0x80) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\'') return CHAR_WORD;
        return c == ' ' || (c >= '\t' && c <= '\r') ? CHAR_SPACE : CHAR_MARK;
    }
    const int length = seqrt_utf8_length(text);
    const uint32_t code = length ? code_point(text, length) : 0xfffd;
    for (size_t i = 0; i < sizeof others / sizeof *others && code >= others[i].first; i++)
        if (code <= others[i].last) return others[i].kind;
    return CHAR_WORD;
}

static int next_word(bool lowercase, const char **text, char *token)
{
    char space[4];
    while (**text && char_kind(*text) == CHAR_SPACE) take_char(text, space);
    if (!**text) return 0;
    if (char_kind(*text) == CHAR_MARK) return next_char(lowercase, text, token);
    int length = 0;
    bool cut = false; /* at a character's border; the rest of the word is passed over */
    while (**text && char_kind(*text) == CHAR_WORD) {
        char one[4];
        int bytes = take_char(text, one);
        cut |= length + bytes >= TOKEN_BYTES;
        if (cut) continue;
        memcpy(token + length, one, (size_t)bytes);
        if (lowercase) token[length] = ascii_lower(token[length]);
        length += bytes;
    }
    token[length] = '\0';
    return length;
}

int seqrt_token_next(SeqrtInput input, bool lowercase, const char **text, char token[256])
{
    token[0] = '\0';
    if (input == SEQRT_WORDS) return next_word(lowercase, text, token);
    if (input == SEQRT_BYTES) return next_byte(text, token);
    return next_char(lowercase, text, token);
}

/* ---- vocabulary: open addressing, at most half full ---- */
struct SeqrtVocab {
    const char *const *entries;
    size_t mask;       /* slots - 1, slots a power of two */
    int slots[];       /* entry + 1, or 0 */
};

/* FNV-1a */
static size_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return (size_t)(hash ^ (hash >> 32));
}

/* The slot that holds entry, or the free one where it belongs. */
static size_t vocab_slot(const SeqrtVocab *vocab, const char *entry)
{
    size_t slot = hash_text(entry) & vocab->mask;
    while (vocab->slots[slot] && strcmp(vocab->entries[vocab->slots[slot] - 1], entry)) slot = (slot + 1) & vocab->mask;
    return slot;
}

SeqrtVocab *seqrt_vocab_new(const char *const *entries, int count)
{
    size_t slots = 16;
    while (slots < 2 * (size_t)count) slots *= 2;
    SeqrtVocab *vocab = calloc(1, sizeof *vocab + slots * sizeof vocab->slots[0]);
    if (!vocab) return NULL;
    vocab->entries = entries;
    vocab->mask = slots - 1;
    for (int i = 0; i < count; i++) {
        size_t slot = vocab_slot(vocab, entries[i]);
        if (!vocab->slots[slot]) vocab->slots[slot] = i + 1; /* of equal entries the first counts */
    }
    return vocab;
}

void seqrt_vocab_free(SeqrtVocab *vocab) { free(vocab); }

int seqrt_vocab_get(const SeqrtVocab *vocab, const char *entry) { return vocab->slots[vocab_slot(vocab, entry)] - 1; }

int seqrt_vocab_find(const SeqrtVocab *vocab, const char *token)
{
    int index = seqrt_vocab_get(vocab, token);
    return index < 1 ? 1 : index; /* "" stands for padding in the list, and is no token */
}
