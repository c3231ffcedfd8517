/* test_table.c: tables, numbers, whole files, tokens and vocabularies, each against what was worked out by hand. */
#define _GNU_SOURCE
#include "data_check.h"
#include "file.h"

/* ---- tables ---- */

/* Every row as "ROW:cell|cell;", then the error. */
static const char *table_said(const char *path)
{
    SeqrtError error = {""};
    SeqrtTable *table = seqrt_table_open(path, &error);
    said[0] = '\0';
    int got = table ? 1 : -1;
    while (table && (got = seqrt_table_next(table, &error)) == 1) {
        say("%ld:", seqrt_table_row(table));
        for (int i = 0; i < seqrt_table_columns(table); i++) say("%s%s", i ? "|" : "", seqrt_table_cell(table, i));
        say(";");
    }
    if (got < 0) say("!%s", short_error(&error));
    seqrt_table_close(table);
    return said;
}

static void csv(const char *name, const char *text, const char *expected) { check_text(name, table_said(file("t.csv", text)), expected); }

static void test_csv(void)
{
    csv("csv plain", "a,b\n1,2\n3,4\n", "2:1|2;3:3|4;");
    csv("csv no last newline", "a,b\n1,2", "2:1|2;");
    csv("csv last cell empty at the end", "a,b\n1,", "2:1|;");
    csv("csv CRLF", "a,b\r\n1,2\r\n3,4\r\n", "2:1|2;3:3|4;");
    csv("csv CR alone is content", "a,b\n1\r,2\r3\n", "2:1\r|2\r3;");
    csv("csv CR at the end", "a,b\n1,2\r", "2:1|2;");
    csv("csv quotes", "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", "2:x, y|say \"hi\";");
    csv("csv newline in quotes counts lines", "a,b\n\"1\r\n2\",x\n3,4\n", "2:1\r\n2|x;4:3|4;");
    csv("csv quoted empty", "a,b\n\"\",\"\"\n", "2:|;");
    csv("csv spaces stay", "a,b\n 1 ,2\n", "2: 1 |2;");
    csv("csv byte order mark", "\xef\xbb\xbf" "a\n1\n", "2:1;");
    csv("csv quoted header", "\"a\nx\",b\n1,2\n", "3:1|2;");
    csv("csv UTF-8", "a\n\xc3\xa9\xf0\x9f\x98\x80\n", "2:\xc3\xa9\xf0\x9f\x98\x80;");
    csv("csv blank lines between columns", "a,b\n\n1,2\r\n\r\n3,4\n\n", "3:1|2;5:3|4;");
    csv("csv blank line of one column", "a\n\nx\n", "2:;3:x;");
    csv("csv header only", "a,b\n", "");
    csv("csv too many fields", "a,b\n1,2\n1,2,3\n", "2:1|2;!t.csv:3: 3 fields where the header has 2");
    csv("csv too few fields", "a,b,c,d\n1\n", "!t.csv:2: 1 field where the header has 4");
    csv("csv stray quote", "a,b\n1,2\"\n", "!t.csv:2: a quote inside an unquoted field; quote the whole field and double its quotes");
    csv("csv text after quote", "a,b\n\"1\"x,2\n", "!t.csv:2: text after a field's closing quote; a delimiter or the line's end is expected");
    csv("csv open quote", "a,b\n1,2\n3,\"4\n5,6\n", "2:1|2;!t.csv:3: a quoted field that is never closed");
    csv("csv empty file", "", "!t.csv: empty; a header line is expected");
    csv("csv empty header", "\na\n", "!t.csv:1: an empty line; the header is expected");
    csv("csv not UTF-8", "a\n\xe9t\xe9\n", "!t.csv:2: bytes that are not UTF-8");
    csv("csv lone continuation byte", "a\n\x80\n", "!t.csv:2: bytes that are not UTF-8");
    csv("csv cut character", "a,b\n\xc3,\xa9\n", "!t.csv:2: bytes that are not UTF-8");
    csv("csv overlong", "a\n\xc0\x80\n", "!t.csv:2: bytes that are not UTF-8");
    csv("csv surrogate", "a\n\xed\xa0\x80\n", "!t.csv:2: bytes that are not UTF-8");
    check_text("csv NUL", table_said(file_bytes("t.csv", "a\n1\0\n", 5)), "!t.csv:2: a NUL byte; text is expected");
    check_text("csv NUL in quotes", table_said(file_bytes("t.csv", "a\n\"\0\"\n", 6)), "!t.csv:2: a NUL byte; text is expected");
    check_text("tsv has no quoting", table_said(file("t.tsv", "a\tb\n\"1\tx,\"\"y\r\n")), "2:\"1|x,\"\"y;");
    check_text("ending", table_said(file("t.xls", "a\n1\n")), "!t.xls: no table; a name that ends in .csv or .tsv is expected");
    check_text("absent file", table_said("absent.csv"), "!absent.csv: No such file or directory");
}

/* A table whose quotes, characters and line ends meet the end of the reader's buffer at every offset. */
static void test_buffer_edges(void)
{
    enum { EDGE = 1 << 16 };
    static char text[EDGE + 64];
    static const char tail[] = "\",\"\xc3\xa9\"\"\r\n\"\r\n\"1\",2\r\n", end[] = "x|\xc3\xa9\"\r\n;4:1|2;";
    bool good = true;
    for (size_t fill = EDGE - 40; fill < EDGE; fill++) {
        memcpy(text, "a,b\n\"", 5);
        memset(text + 5, 'x', fill);
        memcpy(text + 5 + fill, tail, sizeof tail - 1);
        const char *found = table_said(file_bytes("edge.csv", text, 5 + fill + sizeof tail - 1));
        good &= strlen(found) == 2 + fill - 1 + sizeof end - 1 && !strcmp(found + 2 + fill - 1, end);
    }
    check("every offset of the buffer's edge", good);
}

static const char *number_said(const char *cell)
{
    char text[128];
    snprintf(text, sizeof text, "temp,x\n%s,0\n", cell);
    SeqrtError error = {""};
    double value = -1;
    SeqrtTable *table = seqrt_table_open(file("n.csv", text), &error);
    said[0] = '\0';
    if (!table || seqrt_table_next(table, &error) != 1) return "no row";
    if (seqrt_table_number(table, 0, &value, &error)) say("%.17g", value);
    else say("!%s", short_error(&error));
    seqrt_table_close(table);
    return said;
}

static void test_numbers(void)
{
    static const char *const good[][2] = {{"1", "1"}, {"-2.5", "-2.5"}, {"+3", "3"}, {" 4 ", "4"}, {"\t5", "5"}, {".5", "0.5"},
        {"5.", "5"}, {"1e3", "1000"}, {"1E-2", "0.01"}, {"0.1", "0.10000000000000001"}, {"1e-400", "0"}, {"00012", "12"}, {"1e19", "1e+19"}};
    static const char *const bad[] = {"", " ", "abc", "1x", "1 2", "0x10", "inf", "nan", "-inf", "1e999", "-", ".", "1e", "1e+",
        "--1", "1.2.3", "e5", "\"1,5\"", "1_000", "NaN(1)", "+-1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) check_text("number", number_said(good[i][0]), good[i][1]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char expected[128], name[64];
        const char *shown = bad[i][0] == '"' ? "1,5" : bad[i];
        snprintf(expected, sizeof expected, "!n.csv:2: column \"temp\": \"%s\" is no number", shown);
        snprintf(name, sizeof name, "no number: '%s'", bad[i]);
        check_text(name, number_said(bad[i]), expected);
    }
}

static void test_read_file(void)
{
    SeqrtError error = {""};
    size_t bytes = 0, many = 200000;
    char *big = malloc(many);
    for (size_t i = 0; i < many; i++) big[i] = (char)(i * 7 % 251);
    char *text = seqrt_read_file(file_bytes("big.bin", big, many), &bytes, &error);
    check("whole file", text && bytes == many && !memcmp(text, big, many) && text[many] == '\0');
    free(text);
    text = seqrt_read_file(file_bytes("big.bin", big, 1 << 16), &bytes, &error);
    check("whole file of a buffer's size", text && bytes == 1 << 16 && !memcmp(text, big, bytes));
    free(text);
    text = seqrt_read_file(file("none.txt", ""), &bytes, &error);
    check("whole file, empty", text && bytes == 0 && text[0] == '\0');
    free(text);
    check("a directory is no file", !seqrt_read_file(directory, &bytes, &error) && strstr(error.text, "directory"));
    free(big);
}

/* ---- tokens ---- */

static const char *tokens_said(SeqrtInput input, bool lowercase, const char *text)
{
    char token[256];
    said[0] = '\0';
    int length;
    while ((length = seqrt_token_next(input, lowercase, &text, token)) > 0) {
        if (length != (int)strlen(token)) say("!length!");
        say("%s|", token);
    }
    return said;
}

static void test_tokens(void)
{
    check_text("chars", tokens_said(SEQRT_CHARS, false, "aB \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n"),
               "a|B| |\xc3\xa9|\xe2\x82\xac|\xf0\x9f\x98\x80|\n|");
    check_text("chars lowered", tokens_said(SEQRT_CHARS, true, "aZ\xc3\x89["), "a|z|\xc3\x89|[|");
    check_text("invalid UTF-8", tokens_said(SEQRT_TEXT, false, "a\xff\xc3z\xe2\x82"),
               "a|\xef\xbf\xbd|\xef\xbf\xbd|z|\xef\xbf\xbd|\xef\xbf\xbd|");
    check_text("bytes", tokens_said(SEQRT_BYTES, true, "aB\\\xc3\xa9\n\x1f~\x7f"), "a|B|\\|\\xc3|\\xa9|\\x0a|\\x1f|~|\x7f|");
    check_text("words", tokens_said(SEQRT_WORDS, false, "  It's 3.5 na\xc3\xafve,\t(ok)\n"), "It's|3|.|5|na\xc3\xafve|,|(|ok|)|");
    check_text("words and marks beyond ASCII", tokens_said(SEQRT_WORDS, false, "stop\xe2\x80\x94now \xe2\x80\x9cna\xc3\xafve\xe2\x80\x9d don\xe2\x80\x99t\xc2\xa0\xc2\xab\xd0\xb4\xd0\xb0\xc2\xbb 5\xe2\x82\xac\xe2\x80\xa6\xef\xbb\xbf"),
               "stop|\xe2\x80\x94|now|\xe2\x80\x9c|na\xc3\xafve|\xe2\x80\x9d|don\xe2\x80\x99t|\xc2\xab|\xd0\xb4\xd0\xb0|\xc2\xbb|5|\xe2\x82\xac|\xe2\x80\xa6|");
    check_text("bytes that are no UTF-8 stay in words", tokens_said(SEQRT_WORDS, false, "a\xff" "b\x80"), "a\xef\xbf\xbd" "b\xef\xbf\xbd|");
    check_text("words lowered", tokens_said(SEQRT_WORDS, true, "The \xc3\x89" "cole!"), "the|\xc3\x89" "cole|!|");
    check_text("invalid UTF-8 in a word", tokens_said(SEQRT_WORDS, false, "a\xff" "b c"), "a\xef\xbf\xbd" "b|c|");
    check_text("no token", tokens_said(SEQRT_WORDS, false, " \t\r\n\v\f"), "");
    char longer[402];
    for (int i = 0; i < 200; i++) memcpy(longer + 2 * i, "\xc3\xa9", 2);
    strcpy(longer + 400, "");
    const char *text = longer;
    char token[256];
    check("a long word is cut at a character", seqrt_token_next(SEQRT_WORDS, false, &text, token) == 254 && !*text &&
          !strncmp(token, longer, 254));
    static const char *const entries[] = {"", "", "a", "b", "a", "\\xc3"};
    SeqrtVocab *vocab = seqrt_vocab_new(entries, 6);
    check("vocabulary", seqrt_vocab_find(vocab, "a") == 2 && seqrt_vocab_find(vocab, "b") == 3 && seqrt_vocab_find(vocab, "\\xc3") == 5);
    check("unknown tokens", seqrt_vocab_find(vocab, "z") == 1 && seqrt_vocab_find(vocab, "") == 1);
    seqrt_vocab_free(vocab);
}

static void test_large_vocabulary(void)
{
    enum { COUNT = 100000 };
    static char text[COUNT][16];
    static const char *entries[COUNT];
    bool good = true;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        entries[i] = i < 2 ? "" : text[i];
    }
    SeqrtVocab *vocab = seqrt_vocab_new(entries, COUNT);
    for (int i = 2; i < COUNT; i++) good &= seqrt_vocab_find(vocab, text[i]) == i;
    check("100,000 entries", good && seqrt_vocab_find(vocab, "100001") == 1);
    seqrt_vocab_free(vocab);
}

int main(void)
{
    directory_start();
    test_csv();
    test_buffer_edges();
    test_numbers();
    test_read_file();
    test_tokens();
    test_large_vocabulary();
    return directory_end();
}
