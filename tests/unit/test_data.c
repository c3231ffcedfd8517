/* test_data.c: datasets, parts and batches, each against what was worked out by hand. */
#define _GNU_SOURCE
#include <time.h>

#include "data_check.h"

/* ---- datasets ---- */
static const char *const vocab[] = {"", "", "a", "b", "c", "d", "e", "f"};
static const char *const words[] = {"", "", "good", "bad", "movie"};
static const char *const classes[] = {"no", "yes"};
static const char *const label_column[] = {"label"};
static const char *const value_columns[] = {"p", "q"};
static const char *const x_columns[] = {"x", "y"};
static const char *const shaped_columns[] = {"x1", "y1", "x2", "y2", "x3", "y3"};
static const double shift[] = {1, 10}, scale[] = {2, 5};

static SeqrtTask text_task(SeqrtInput input, SeqrtTarget target)
{
    SeqrtTask task = {.input = input, .target = target, .text_column = "text", .vocab_count = 8, .vocab = vocab, .max_length = 4};
    if (target == SEQRT_CLASS) {
        task.target_columns_count = 1;
        task.target_columns = label_column;
        task.classes_count = 2;
        task.classes = classes;
    }
    if (target == SEQRT_VALUE) {
        task.target_columns_count = 2;
        task.target_columns = value_columns;
    }
    return task;
}

static SeqrtTask rows_task(SeqrtTarget target)
{
    SeqrtTask task = text_task(SEQRT_ROWS, target == SEQRT_TAG ? SEQRT_CLASS : target == SEQRT_FORECAST ? SEQRT_VALUE : target);
    task.target = target;
    task.features = task.input_columns_count = 2;
    task.input_columns = x_columns;
    task.text_column = NULL;
    task.vocab_count = 0;
    task.max_length = 100;
    return task;
}

static void say_values(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) say("%s%g", i ? "," : "", values[i]);
}

static size_t value_width(const SeqrtTask *task)
{
    return (size_t)task->target_columns_count * (size_t)(task->target == SEQRT_FORECAST ? task->horizon : 1);
}

/* "SEQUENCE@ROW steps" and "=label" or "->values" per item: steps as letters, numbers as "x,y " */
static const char *data_said(const SeqrtDataset *data, const SeqrtError *error)
{
    said[0] = '\0';
    if (!data) {
        say("!%s", short_error(error));
        return said;
    }
    for (int i = 0; i < data->items_count; i++) {
        const SeqrtItem *item = &data->items[i];
        say("%s%d@%ld ", i ? "; " : "", item->sequence, item->row);
        for (size_t s = item->at; s < item->at + (size_t)item->length; s++) {
            if (data->tokens) say("%d", data->tokens[s]);
            else say_values(data->x + s * (size_t)data->task->features, (size_t)data->task->features), say(" ");
            if (data->tags) say("<%d>", data->tags[s]);
        }
        if (item->label >= 0) say("=%d", item->label);
        if (data->values) say("->"), say_values(data->values + (size_t)i * value_width(data->task), value_width(data->task));
        if (data->texts) say("(%s)", data->texts[i]);
    }
    if (!data->has_target) say(" no target");
    return said;
}

static void data_is(const char *name, const SeqrtTask *task, const char *file_name, const char *text, bool need, const char *expected)
{
    SeqrtError error = {""};
    SeqrtDataset *data = seqrt_dataset_read(task, file(file_name, text), need, &error);
    check_text(name, data_said(data, &error), expected);
    seqrt_dataset_free(data);
}

static void test_text_datasets(void)
{
    SeqrtTask task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    const char *rows = "text,label\nab,yes\nazc,no\nabcdef,yes\n,no\n";
    data_is("chars, class", &task, "d.csv", rows, true, "0@2 23=1(ab); 1@3 214=0(azc); 2@4 2345=1(abcdef); 3@5 1=0()");
    task.too_long_error = true;
    data_is("too long", &task, "d.csv", rows, true, "!d.csv:4: a sequence of 6 steps; at most 4 are expected (max_length)");
    task.max_length = 0;
    data_is("no limit", &task, "d.csv", "text,label\nabcdefabc,no\n", true, "0@2 234567234=0(abcdefabc)");
    data_is("unknown class", &task, "d.csv", "text,label\nab,yes\nab,maybe\n", true,
            "!d.csv:3: column \"label\": unknown class \"maybe\"; the 2 known ones are \"no\", \"yes\"; in the spec, classes: [..] beside the target writes all of them out");
    data_is("empty class", &task, "d.csv", "text,label\nab,\n", true,
            "!d.csv:2: column \"label\": unknown class \"\"; the 2 known ones are \"no\", \"yes\"; in the spec, classes: [..] beside the target writes all of them out");
    data_is("predict with unknown class", &task, "d.csv", "text,label\nab,yes\nab,maybe\nc,no\n", false,
            "0@2 23(ab); 1@3 23(ab); 2@4 4(c) no target");
    data_is("predict without target", &task, "d.csv", "text\nab\n", false, "0@2 23(ab) no target");
    data_is("predict with target", &task, "d.csv", "text,label\nab,yes\n", false, "0@2 23=1(ab)");
    data_is("no target column", &task, "d.csv", "text,other\nab,x\n", true, "!d.csv:1: no column \"label\"; it has \"text\", \"other\"");
    data_is("no text column", &task, "d.csv", "txt\nab\n", false, "!d.csv:1: no column \"text\"; it has \"txt\"");
    data_is("columns of one name, unused", &task, "d.csv", "text,label,,,x,x\nab,no,,,1,2\n", true, "0@2 23=0(ab)");
    data_is("the target twice", &task, "d.csv", "text,label,label\nab,no,no\n", true, "!d.csv:1: two columns are named \"label\"; give one of them another name");
    data_is("no rows", &task, "d.csv", "text,label\n", true, "!d.csv: no rows below the header");
    data_is("row error passes through", &task, "d.csv", "text,label\nab,no\nab\n", true, "!d.csv:3: 1 field where the header has 2");
    task = text_task(SEQRT_BYTES, SEQRT_CLASS);
    data_is("bytes", &task, "d.csv", "text,label\na\xc3\xa9,no\n", true, "0@2 211=0(a\xc3\xa9)");
    task = text_task(SEQRT_WORDS, SEQRT_VALUE);
    task.vocab = words;
    task.vocab_count = 5;
    task.lowercase = true;
    task.target_shift = shift;
    task.target_scale = scale;
    data_is("words, values normalised", &task, "d.csv", "q,text,p\n20,Good movie,5\n10,\"bad, bad\",0\n", true,
            "0@2 24->2,2(Good movie); 1@3 313->-0.5,0(bad, bad)");
    data_is("bad value", &task, "d.csv", "text,p,q\ngood,1,?\n", true, "!d.csv:2: column \"q\": \"?\" is no number");
    data_is("empty value", &task, "d.csv", "text,p,q\ngood,1,\n", true, "!d.csv:2: column \"q\": \"\" is no number");
    task.target_shift = task.target_scale = NULL;
    task.loss = SEQRT_BCE;
    data_is("bce: chances", &task, "d.csv", "text,p,q\ngood,0,1\nbad,0.5,1e-9\n", true, "0@2 2->0,1(good); 1@3 3->0.5,1e-09(bad)");
    data_is("bce: above 1", &task, "d.csv", "text,p,q\ngood,0,1\nbad,0,1.5\n", true,
            "!d.csv:3: column \"q\": 1.5; loss: bce expects numbers from 0 to 1");
    data_is("bce: below 0", &task, "d.csv", "text,p,q\ngood,-0.25,1\n", true,
            "!d.csv:2: column \"p\": -0.25; loss: bce expects numbers from 0 to 1");
    data_is("predict needs no chance", &task, "d.csv", "text,p,q\ngood,0,1\nbad,0,1.5\n", false, "0@2 2(good); 1@3 3(bad) no target");
    task.loss = SEQRT_MSE;
    data_is("predict with a bad value", &task, "d.csv", "text,p,q\ngood,1,2\nbad,1,?\ngood,3,4\n", false,
            "0@2 2(good); 1@3 3(bad); 2@4 2(good) no target");
}

static void test_next_datasets(void)
{
    SeqrtTask task = text_task(SEQRT_CHARS, SEQRT_NEXT);
    data_is("chars, next: one token is no item", &task, "d.csv", "text\nabc\na\n\nabcdef\nab\n", true,
            "0@2 23(abc); 1@5 2345(abcdef); 2@6 2(ab)");
    data_is("nothing to predict", &task, "d.csv", "text\na\n", true,
            "!d.csv: no sequence has a next token; two tokens or more are expected");
    data_is("predict next: the last token is an input, and one is enough", &task, "d.csv", "text\nabc\na\n\nab\n", false,
            "0@2 234(abc); 1@3 2(a); 2@4 1(); 3@5 23(ab) no target");
    task.too_long_error = true;
    data_is("next: T inputs and a label fit", &task, "d.csv", "text\nabcde\n", true, "0@2 2345(abcde)");
    data_is("predict next: the same text fits", &task, "d.csv", "text\nabcde\n", false, "0@2 2345(abcde) no target");
    task = text_task(SEQRT_TEXT, SEQRT_NEXT);
    task.window_length = task.window_stride = 4;
    data_is("a byte order mark is no text", &task, "d.txt", "\xef\xbb\xbf" "abc", true, "0@1 23");
    data_is("text windows", &task, "d.txt", "abcdefabcd", true, "0@1 2345; 0@1 6723; 0@1 4");
    data_is("text windows end with the last label", &task, "d.txt", "abcdefabc", true, "0@1 2345; 0@1 6723");
    data_is("predict: windows end with the last token", &task, "d.txt", "abcdefabc", false, "0@1 2345; 0@1 6723; 0@1 4 no target");
    task.window_stride = 2;
    data_is("overlapping windows", &task, "d.txt", "abcdefab", true, "0@1 2345; 0@1 4567; 0@1 672");
    task.window_stride = 6;
    data_is("windows with gaps", &task, "d.txt", "abcdefabc", true, "0@1 2345; 0@1 23");
    task.window_stride = 4;
    task.max_length = 3;
    data_is("max_length bounds a window", &task, "d.txt", "abcde", true, "0@1 234");
    task = text_task(SEQRT_TEXT, SEQRT_NEXT);
    data_is("text without windows is cut", &task, "d.txt", "abcdefab", true, "0@1 2345");
    task.carry_state = true;
    task.window_length = task.window_stride = 4;
    data_is("a carried series is one item", &task, "d.txt", "abcdefab", true, "0@1 2345672");
    data_is("predict: a carried series has its last token", &task, "d.txt", "abcdefab", false, "0@1 23456723 no target");
    data_is("empty text", &task, "d.txt", "", true, "!d.txt: empty; text is expected");
    data_is("text of one character", &task, "d.txt", "a", true, "!d.txt: no sequence has a next token; two tokens or more are expected");
    SeqrtError error = {""};
    check("NUL in text", !seqrt_dataset_read(&task, file_bytes("d.txt", "a\nb\0c", 5), true, &error) &&
          !strcmp(short_error(&error), "d.txt:2: a NUL byte; text is expected"));
    data_is("text that is not UTF-8", &task, "d.txt", "ab\n\nc\xe9\nd", true, "!d.txt:3: bytes that are not UTF-8");
    data_is("text that ends in a character's middle", &task, "d.txt", "ab\xc3", false, "!d.txt:1: bytes that are not UTF-8");
    task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    task.window_length = 2, task.window_stride = 2;
    data_is("windows of labelled texts", &task, "d.csv", "text,label\nabc,yes\nd,no\n", true,
            "0@2 23=1(abc); 0@2 4=1(abc); 1@3 5=0(d)");
}

static void test_row_datasets(void)
{
    SeqrtTask task = rows_task(SEQRT_CLASS);
    const char *rows = "id,x,y,label\nA,1,2,no\nA,3,4,yes\nB,5,6,no\nA,7,8,\nA,9,10,no\n";
    task.sequence_column = "id";
    data_is("sequences by column, class of the last row", &task, "d.csv", rows, true,
            "0@2 1,2 3,4 =1; 1@4 5,6 =0; 2@5 7,8 9,10 =0");
    data_is("a last row without class", &task, "d.csv", "id,x,y,label\nA,1,2,no\nA,3,4,\nB,5,6,no\n", true,
            "!d.csv:3: column \"label\": empty, where a sequence or window ends; a class is expected");
    data_is("predict: a last row without class", &task, "d.csv", "id,x,y,label\nA,1,2,no\nA,3,4,\nB,5,6,no\n", false,
            "0@2 1,2 3,4 ; 1@4 5,6  no target");
    task.window_length = 2, task.window_stride = 1;
    data_is("windows take their last row's class", &task, "d.csv", "id,x,y,label\nA,1,2,no\nA,3,4,yes\nA,5,6,no\nB,7,8,yes\n", true,
            "0@2 1,2 3,4 =1; 0@3 3,4 5,6 =0; 1@5 7,8 =1");
    data_is("bad number", &task, "d.csv", "id,x,y,label\nA,1,2,no\nA,1,two,no\n", true, "!d.csv:3: column \"y\": \"two\" is no number");
    data_is("no sequence column", &task, "d.csv", "x,y,label\n1,2,no\n", true, "!d.csv:1: no column \"id\"; it has \"x\", \"y\", \"label\"");
    task = rows_task(SEQRT_TAG);
    task.sequence_column = "id";
    task.input_shift = shift, task.input_scale = scale;
    data_is("tags, inputs normalised", &task, "d.csv", "id,x,y,label\nA,1,10,no\nA,3,20,yes\nB,5,0,no\n", true,
            "0@2 0,0 <0>1,2 <1>; 1@4 2,-2 <0>");
    data_is("an empty tag", &task, "d.csv", "id,x,y,label\nA,1,10,\nA,3,20,yes\n", true,
            "!d.csv:2: column \"label\": unknown class \"\"; the 2 known ones are \"no\", \"yes\"; in the spec, classes: [..] beside the target writes all of them out");
    data_is("predict without tags", &task, "d.csv", "id,x,y,label\nA,1,10,yes\nA,3,20,?\n", false, "0@2 0,0 1,2  no target");
    task = rows_task(SEQRT_VALUE);
    task.target_shift = shift, task.target_scale = scale;
    data_is("one series, value of the last row", &task, "d.csv", "x,y,p,q\n1,2,,\n3,4,5,20\n", true, "0@2 1,2 3,4 ->2,2");
    task.window_length = 2, task.window_stride = 2;
    data_is("windows take their last row's value", &task, "d.csv", "x,y,p,q\n1,2,,\n3,4,5,20\n5,6,1,10\n", true,
            "0@2 1,2 3,4 ->2,2; 0@4 5,6 ->0,0");
    data_is("a window without value", &task, "d.csv", "x,y,p,q\n1,2,,\n3,4,5,\n", true,
            "!d.csv:3: column \"p\": empty, where a sequence or window ends; a number is expected");
}

static void test_forecast_datasets(void)
{
    SeqrtTask task = rows_task(SEQRT_FORECAST);
    task.window_length = 2, task.window_stride = 1, task.horizon = 2;
    const char *rows = "x,y,p,q\n1,1,10,11\n2,2,20,21\n3,3,30,31\n4,4,40,41\n5,5,50,51\n";
    data_is("forecast windows", &task, "d.csv", rows, true, "0@2 1,1 2,2 ->30,31,40,41; 0@3 2,2 3,3 ->40,41,50,51");
    data_is("forecast for predict reaches the end", &task, "d.csv", rows, false,
            "0@2 1,1 2,2 ; 0@3 2,2 3,3 ; 0@4 3,3 4,4 ; 0@5 4,4 5,5  no target");
    task.window_stride = 3;
    data_is("only full windows", &task, "d.csv", rows, true, "0@2 1,1 2,2 ->30,31,40,41");
    task.target_shift = shift, task.target_scale = scale;
    data_is("forecast normalised", &task, "d.csv", rows, true, "0@2 1,1 2,2 ->14.5,4.2,19.5,6.2");
    task.horizon = 4;
    data_is("too short for the horizon", &task, "d.csv", rows, true,
            "!d.csv: no sequence is long enough; a window of 2 rows and a horizon of 4 are expected");
    data_is("too short for a window", &task, "d.csv", "x,y\n1,1\n", false, "!d.csv: no sequence is long enough; a window of 2 rows is expected");
    SeqrtError error = {""};
    SeqrtDataset *data = seqrt_dataset_read(&task, file("d.csv", rows), false, &error);
    check("predict keeps the series", data && data->series && data->series[0] == 4.5 && data->series[9] == 8.2);
    seqrt_dataset_free(data);
    data = seqrt_dataset_read(&task, file("d.csv", "x,y\n1,1\n2,2\n"), false, &error);
    check("predict without the target's columns", data && !data->series && data->items_count == 1);
    seqrt_dataset_free(data);
    task.horizon = 1, task.sequence_column = "id", task.target_shift = NULL;
    rows = "id,x,y,p,q\n1,1,1,1,1\n1,2,2,2,2\n1,3,3,3,3\n2,4,4,4,4\n2,5,5,5,5\n";
    data_is("forecasts stay in their sequence", &task, "d.csv", rows, true, "0@2 1,1 2,2 ->3,3");
    data = seqrt_dataset_read(&task, file("d.csv", rows), true, &error);
    check("a sequence without items leaves no steps", data && data->steps == 3 && data->sequences_count == 1);
    seqrt_dataset_free(data);
}

/* What a sequence is taken for stands in its last row, also where max_length cuts it. */
static void test_cut_datasets(void)
{
    SeqrtTask task = rows_task(SEQRT_CLASS);
    task.sequence_column = "id", task.max_length = 2;
    const char *rows = "id,x,y,label,p,q\n1,1,1,no,,\n1,2,2,no,,\n1,3,3,yes,5,6\n2,4,4,no,7,8\n";
    data_is("a sequence cut short keeps its class", &task, "d.csv", rows, true, "0@2 1,1 2,2 =1; 1@5 4,4 =0");
    data_is("which need not stand above", &task, "d.csv", "id,x,y,label\n1,1,1,\n1,2,2,\n1,3,3,yes\n", true, "0@2 1,1 2,2 =1");
    data_is("and must stand there", &task, "d.csv", "id,x,y,label\n1,1,1,no\n1,2,2,no\n1,3,3,\n", true,
            "!d.csv:4: column \"label\": empty, where a sequence or window ends; a class is expected");
    task = rows_task(SEQRT_VALUE);
    task.sequence_column = "id", task.max_length = 2;
    data_is("and its values", &task, "d.csv", rows, true, "0@2 1,1 2,2 ->5,6; 1@5 4,4 ->7,8");
}

static void test_shaped_datasets(void)
{
    SeqrtTask task = rows_task(SEQRT_CLASS);
    task.input = SEQRT_SHAPED;
    task.input_columns_count = 6;
    task.input_columns = shaped_columns;
    task.max_length = 3;
    const char *rows = "label,x1,y1,x2,y2,x3,y3\nyes,1,2,3,4,5,6\nno,7,8,9,10,11,12\n";
    data_is("shaped", &task, "d.csv", rows, true, "0@2 1,2 3,4 5,6 =1; 1@3 7,8 9,10 11,12 =0");
    task.input_shift = shift, task.input_scale = scale;
    data_is("shaped, normalised by feature", &task, "d.csv", "label,x1,y1,x2,y2,x3,y3\nyes,1,10,3,20,5,0\n", true, "0@2 0,0 1,2 2,-2 =1");
    task.features = 4;
    data_is("columns that do not divide", &task, "d.csv", rows, true, "!d.csv: 6 columns for 4 features a step");
    task = rows_task(SEQRT_FORECAST);
    task.input = SEQRT_SHAPED;
    data_is("shaped has no forecast", &task, "d.csv", rows, true,
            "!d.csv: this target needs another input: tags, signals and forecasts need rows, next needs text");
    task = text_task(SEQRT_CHARS, SEQRT_TAG);
    data_is("characters have no tags", &task, "d.csv", rows, true,
            "!d.csv: this target needs another input: tags, signals and forecasts need rows, next needs text");
}

static void test_texts(void)
{
    SeqrtTask task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    char a[] = "abc", empty[] = "", longer[] = "abcdef";
    char *texts[] = {a, empty, longer};
    SeqrtError error = {""};
    SeqrtDataset *data = seqrt_dataset_from_texts(&task, 3, texts, &error);
    check_text("texts", data_said(data, &error), "0@1 234(abc); 1@2 1(); 2@3 2345(abcdef) no target");
    seqrt_dataset_free(data);
    char latin[] = "a\xe9";
    char *odd[] = {a, latin};
    data = seqrt_dataset_from_texts(&task, 2, odd, &error);
    check_text("texts that are not UTF-8", data_said(data, &error), "!TEXT:2: bytes that are not UTF-8");
    task = text_task(SEQRT_BYTES, SEQRT_CLASS);
    data = seqrt_dataset_from_texts(&task, 2, odd, &error);
    check_text("texts of any bytes", data_said(data, &error), "0@1 234(abc); 1@2 21(a\xe9) no target");
    seqrt_dataset_free(data);
    task = text_task(SEQRT_TEXT, SEQRT_NEXT);
    data = seqrt_dataset_from_texts(&task, 1, texts, &error);
    check_text("texts, next: what follows the last token is asked for, too", data_said(data, &error), "0@1 234(abc) no target");
    seqrt_dataset_free(data);
    task.too_long_error = true;
    data = seqrt_dataset_from_texts(&task, 3, texts, &error);
    check_text("texts too long", data_said(data, &error), "!TEXT:3: a sequence of 5 steps; at most 4 are expected (max_length)");
    task = rows_task(SEQRT_CLASS);
    data = seqrt_dataset_from_texts(&task, 1, texts, &error);
    check_text("texts for numbers", data_said(data, &error), "!TEXT: text, where the model reads columns of numbers; a file is expected");
}

/* ---- parts ---- */

static const char *part_said(const SeqrtDataset *data, double fraction, uint64_t seed)
{
    SeqrtPart train, valid;
    SeqrtError error = {""};
    said[0] = '\0';
    if (!seqrt_part_split(data, fraction, seed, &train, &valid, &error)) {
        say("!%s", short_error(&error));
        return said;
    }
    for (int i = 0; i < train.count; i++) say("%d ", train.items[i]);
    say("[%zu,%zu) | ", train.first_step, train.last_step);
    for (int i = 0; i < valid.count; i++) say("%d ", valid.items[i]);
    say("[%zu,%zu)", valid.first_step, valid.last_step);
    seqrt_part_free(&train);
    seqrt_part_free(&valid);
    return said;
}

/* Every item on exactly one side, in order, windows of a sequence together; how many sequences validate. */
static int split_sequences(const SeqrtDataset *data, double fraction, uint64_t seed, uint64_t *drawn)
{
    SeqrtPart train, valid;
    int seen = 0, sequences = 0, last = -1;
    *drawn = 0;
    if (!seqrt_part_split(data, fraction, seed, &train, &valid, NULL)) return -1;
    for (int i = 0; i < valid.count; i++) {
        int s = data->items[valid.items[i]].sequence;
        sequences += s != last;
        if (i && valid.items[i] <= valid.items[i - 1]) seen = 1000000;
        last = s;
        *drawn |= UINT64_C(1) << s;
    }
    for (int i = 0; i < train.count; i++) {
        if (*drawn >> data->items[train.items[i]].sequence & 1) seen = 1000000;
        if (i && train.items[i] <= train.items[i - 1]) seen = 1000000;
    }
    seen += train.count + valid.count;
    seqrt_part_free(&train);
    seqrt_part_free(&valid);
    return seen == data->items_count ? sequences : -2;
}

/* The pieces of a file, each as data_is has it, " | " after each; the end as "." or an error. */
static void pieces_are(const char *name, const SeqrtTask *task, const char *text, int items, const char *expected)
{
    SeqrtError error = {""};
    char all[4096] = "";
    SeqrtReader *reader = seqrt_reader_open(task, file("d.csv", text), false, &error);
    SeqrtDataset *piece;
    int got = -1;
    while (reader && (got = seqrt_reader_next(reader, items, &piece, &error)) == 1) {
        strcat(strcat(all, data_said(piece, &error)), " | ");
        seqrt_dataset_free(piece);
    }
    strcat(all, got == 0 ? "." : data_said(NULL, &error));
    seqrt_reader_close(reader);
    check_text(name, all, expected);
}

static void test_pieces(void)
{
    SeqrtTask task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    const char *names = "text,label\nab,yes\nazc,no\nc,yes\n";
    pieces_are("texts by twos", &task, names, 2, "0@2 23=1(ab); 1@3 214=0(azc) | 0@4 4=1(c) | .");
    pieces_are("as many as there are", &task, names, 3, "0@2 23=1(ab); 1@3 214=0(azc); 2@4 4=1(c) | .");
    pieces_are("an error later", &task, "text,label\nab,yes\nab\n", 1, "0@2 23=1(ab) | !d.csv:3: 1 field where the header has 2");
    pieces_are("a class unknown later", &task, "text,label\nab,yes\na,?\nb,no\n", 1, "0@2 23=1(ab) | 0@3 2(a) no target | 0@4 3(b) no target | .");
    pieces_are("no piece", &task, "text,label\n", 1, "!d.csv: no rows below the header");
    task = rows_task(SEQRT_CLASS);
    task.sequence_column = "id";
    const char *rows = "id,x,y,label\nA,1,2,no\nA,3,4,yes\nB,5,6,no\nA,7,8,\nA,9,10,no\n";
    pieces_are("a sequence is never cut", &task, rows, 1, "0@2 1,2 3,4 =1 | 0@4 5,6 =0 | 0@5 7,8 9,10 =0 | .");
    pieces_are("the row that waits", &task, rows, 2, "0@2 1,2 3,4 =1; 1@4 5,6 =0 | 0@5 7,8 9,10 =0 | .");
    task.sequence_column = NULL;
    task.window_length = 2, task.window_stride = 2;
    pieces_are("one series is one piece", &task, "x,y,label\n1,2,no\n3,4,yes\n5,6,no\n7,8,no\n", 1, "0@2 1,2 3,4 =1; 0@4 5,6 7,8 =0 | .");
    task = rows_task(SEQRT_FORECAST);
    task.sequence_column = "id";
    task.window_length = 2, task.window_stride = 2;
    pieces_are("the end without an item", &task, "id,x,y\nA,1,2\nA,3,4\nB,5,6\n", 1, "0@2 1,2 3,4  no target | .");
}

/* Values that come again after others: the first of them, how many there are; not where rows follow each other. */
static void test_groups(void)
{
    SeqrtTask task = rows_task(SEQRT_CLASS);
    SeqrtError error;
    task.sequence_column = "id";
    SeqrtDataset *data = seqrt_dataset_read(&task, file("d.csv", "id,x,y,label\nA,1,2,no\nA,3,4,no\nB,3,4,yes\nC,3,4,yes\nB,1,1,no\nA,7,8,no\nB,1,1,no\n"), true, &error);
    check_text("where, before, what to do", data && data->warning ? strstr(data->warning, "d.csv") : "", "d.csv:6: column \"id\": \"B\" begins again, after row 4: "
               "rows of equal value are one sequence only where they follow each other, so 3 values make 6 sequences; to join them, sort the file by that column");
    check("a warning is no error", data && data->items_count == 6);
    seqrt_dataset_free(data);
    data = seqrt_dataset_read(&task, file("d.csv", "id,x,y,label\nA,1,2,no\nA,3,4,no\nB,3,4,yes\n,3,4,yes\n"), true, &error);
    check("sorted rows", data && !data->warning);
    seqrt_dataset_free(data);
    data = seqrt_dataset_read(&task, file("d.csv", "id,x,y,label\nA,1,2,no\nB,3,4,yes\nA,3,4,yes\n"), false, &error);
    check("data to predict", data && !data->warning);
    seqrt_dataset_free(data);
}

static void test_split_sequences(void)
{
    SeqrtTask task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    char rows[2000] = "text,label\n";
    for (int i = 0; i < 40; i++) strcat(rows, i % 3 ? "abcde,yes\n" : "ab,no\n");
    task.window_length = task.window_stride = 2;
    SeqrtDataset *data = seqrt_dataset_read(&task, file("p.csv", rows), true, NULL);
    uint64_t a, b, c, d;
    check("a tenth of 40 sequences", split_sequences(data, 0.1, 1, &a) == 4);
    check("0.29 rounds to 12", split_sequences(data, 0.29, 1, &b) == 12);
    check("at least one", split_sequences(data, 0.001, 1, &b) == 1);
    check("at most n-1", split_sequences(data, 0.999, 1, &b) == 39);
    check("same seed, same part", split_sequences(data, 0.1, 1, &c) == 4 && a == c);
    check("another seed, another part", split_sequences(data, 0.1, 2, &d) == 4 && a != d);
    /* The draw itself: Fisher-Yates of 0..39 with the split's stream, the first four validate. */
    int order[40];
    uint64_t expected = 0;
    for (int i = 0; i < 40; i++) order[i] = i;
    for (int i = 39; i > 0; i--) {
        int j = (int)(seqrt_random(1, (uint64_t)SEQRT_STREAM_SPLIT << 32, (uint64_t)i) % (uint64_t)(i + 1)), swap = order[i];
        order[i] = order[j], order[j] = swap;
    }
    for (int i = 0; i < 4; i++) expected |= UINT64_C(1) << order[i];
    check("the split's draw", a == expected);
    SeqrtPart whole = seqrt_part_whole(data);
    bool all = whole.count == data->items_count;
    for (int i = 0; i < whole.count; i++) all &= whole.items[i] == i;
    check("whole", all && whole.first_step == 0 && whole.last_step == data->steps);
    seqrt_part_free(&whole);
    seqrt_dataset_free(data);
    data = seqrt_dataset_read(&task, file("p.csv", "text,label\nabcde,yes\n"), true, NULL);
    check_text("one sequence cannot be split", part_said(data, 0.5, 1),
               "!p.csv: 1 sequence; two or more are expected to split off a fraction of 0.5");
    seqrt_dataset_free(data);
}

static void test_split_series(void)
{
    SeqrtTask task = text_task(SEQRT_TEXT, SEQRT_NEXT);
    SeqrtError error;
    task.window_length = task.window_stride = 2;
    /* 13 tokens: windows at 0 2 4 6 8 10 with labels up to 2 4 6 8 10 12 */
    SeqrtDataset *data = seqrt_dataset_read(&task, file("p.txt", "abcdefabcdefa"), true, &error);
    check_text("text: labels stay on their side", part_said(data, 0.38, 1), "0 1 2 [0,13) | 4 5 [0,13)"); /* cut at 8: label of window 3 is token 8 */
    check_text("text: cut at 9", part_said(data, 0.31, 1), "0 1 2 3 [0,13) | 5 [0,13)");
    check_text("text: nothing fits", part_said(data, 0.08, 1), "!p.txt: a fraction of 0.08 of 13 steps leaves a part without a whole window; "
               "shorter windows, or a validation file, are expected");
    seqrt_dataset_free(data);
    task.carry_state = true;
    data = seqrt_dataset_read(&task, file("p.txt", "abcdefabcdefa"), true, &error);
    check_text("carried: a range of steps", part_said(data, 0.31, 1), "0 [0,9) | 0 [9,13)");
    seqrt_dataset_free(data);
    task = rows_task(SEQRT_FORECAST);
    task.window_length = 2, task.window_stride = 1, task.horizon = 2;
    const char *rows = "x,y,p,q\n1,1,1,1\n2,2,2,2\n3,3,3,3\n4,4,4,4\n5,5,5,5\n6,6,6,6\n7,7,7,7\n8,8,8,8\n9,9,9,9\n";
    /* 9 rows: windows at 0..5, each touching rows at..at+3; cut at 5 */
    data = seqrt_dataset_read(&task, file("p.csv", rows), true, &error);
    check_text("forecast: the horizon stays on its side", part_said(data, 0.45, 1), "0 1 [0,9) | 5 [0,9)");
    seqrt_dataset_free(data);
}

/* ---- batches ---- */

static SeqrtModel model_of(const SeqrtTask *task, int B, int T, int real_bytes)
{
    return (SeqrtModel){.task = task, .B = B, .T = T, .real_bytes = real_bytes};
}

static double real_at(const SeqrtModel *model, const void *block, size_t i)
{
    return model->real_bytes == 8 ? ((const double *)block)[i] : (double)((const float *)block)[i];
}

static void say_row(const SeqrtModel *model, const SeqrtBatch *batch, size_t row, bool labels_per_step)
{
    size_t T = (size_t)model->T, F = (size_t)model->task->features, O = value_width(model->task);
    say("%d:", batch->lengths[row]);
    for (size_t t = 0; t < T && batch->tokens; t++) say("%d", batch->tokens[row * T + t]);
    for (size_t i = 0; i < T * F && batch->x; i++) say("%s%g", i ? "," : "", real_at(model, batch->x, row * T * F + i));
    if (batch->labels) say("=");
    for (size_t t = 0; batch->labels && t < (labels_per_step ? T : 1); t++) say("%d", batch->labels[labels_per_step ? row * T + t : row]);
    if (batch->y) say("->");
    for (size_t i = 0; batch->y && i < O; i++) say("%s%g", i ? "," : "", real_at(model, batch->y, row * O + i));
    say(" ");
}

/* Every batch of the epoch: "{length:inputs=labels->values ..}item item.." */
static const char *epoch_said(const SeqrtModel *model, const SeqrtDataset *data, const SeqrtPart *part, uint64_t seed, int epoch, bool shuffle)
{
    SeqrtTarget target = model->task->target;
    SeqrtLoader *loader = seqrt_loader_new(model, data, part);
    said[0] = '\0';
    seqrt_loader_epoch(loader, seed, epoch, shuffle);
    for (int i = 0; i < seqrt_loader_batches(loader); i++) {
        SeqrtBatch batch;
        const int *items;
        seqrt_loader_get(loader, i, &batch, &items);
        say("{");
        for (int row = 0; row < batch.rows; row++) say_row(model, &batch, (size_t)row, target == SEQRT_NEXT || target == SEQRT_TAG);
        say("}");
        for (int row = 0; row < batch.rows; row++) say("%d ", items[row]);
    }
    seqrt_loader_free(loader);
    return said;
}

static void batches_are(const char *name, const SeqrtTask *task, int B, int T, int real_bytes, const char *file_name, const char *text,
                        bool need, const char *expected)
{
    SeqrtError error = {""};
    SeqrtDataset *data = seqrt_dataset_read(task, file(file_name, text), need, &error);
    if (!data) {
        check_text(name, error.text, expected);
        return;
    }
    SeqrtModel model = model_of(task, B, T, real_bytes);
    SeqrtPart part = seqrt_part_whole(data);
    check_text(name, epoch_said(&model, data, &part, 1, 0, false), expected);
    seqrt_part_free(&part);
    seqrt_dataset_free(data);
}

static void test_batches(void)
{
    SeqrtTask task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    const char *rows = "text,label\nab,yes\nabc,no\nd,yes\n";
    batches_are("class batches in file order", &task, 2, 4, 4, "b.csv", rows, true, "{2:2300=1 3:2340=0 }0 1 {1:5000=1 }2 ");
    batches_are("batches without target", &task, 2, 4, 4, "b.csv", "text\nab\nabc\nd\n", false, "{2:2300 3:2340 }0 1 {1:5000 }2 ");
    batches_are("B larger than the data", &task, 9, 4, 4, "b.csv", rows, true, "{2:2300=1 3:2340=0 1:5000=1 }0 1 2 ");
    task = text_task(SEQRT_CHARS, SEQRT_NEXT);
    batches_are("next: labels are one ahead", &task, 2, 4, 4, "b.csv", "text\nabc\nabcdef\n", true, "{2:2300=3400 4:2345=3456 }0 1 ");
    task = rows_task(SEQRT_TAG);
    task.sequence_column = "id";
    const char *tags = "id,x,y,label\nA,1,2.5,no\nA,3,4,yes\nB,5,6,yes\n";
    batches_are("tags in float", &task, 2, 3, 4, "b.csv", tags, true, "{2:1,2.5,3,4,0,0=010 1:5,6,0,0,0,0=100 }0 1 ");
    batches_are("tags in double", &task, 2, 3, 8, "b.csv", tags, true, "{2:1,2.5,3,4,0,0=010 1:5,6,0,0,0,0=100 }0 1 ");
    task = rows_task(SEQRT_FORECAST);
    task.window_length = 2, task.window_stride = 1, task.horizon = 2;
    const char *series = "x,y,p,q\n1,1,10,11\n2,2,20,21\n3,3,30,31\n4,4,40,41\n5,5,50,51\n";
    batches_are("forecasts in float", &task, 1, 2, 4, "b.csv", series, true, "{2:1,1,2,2->30,31,40,41 }0 {2:2,2,3,3->40,41,50,51 }1 ");
    batches_are("forecasts in double", &task, 2, 2, 8, "b.csv", series, true, "{2:1,1,2,2->30,31,40,41 2:2,2,3,3->40,41,50,51 }0 1 ");
    batches_are("forecasts without target", &task, 4, 2, 8, "b.csv", "x,y\n1,1\n2,2\n3,3\n", false, "{2:1,1,2,2 2:2,2,3,3 }0 1 ");
}

static void test_carried(void)
{
    SeqrtTask task = text_task(SEQRT_TEXT, SEQRT_NEXT);
    task.carry_state = true;
    task.window_length = task.window_stride = 2;
    /* 12 tokens, 11 inputs, 3 streams of 4: abcd efab cde(f) */
    batches_are("carried streams", &task, 3, 2, 4, "c.txt", "abcdefabcdef", true,
                "{2:23=34 2:67=72 2:45=56 }0 0 0 {2:45=56 2:23=34 1:60=70 }0 0 0 ");
    /* 3 inputs on 4 rows: streams of one step, the last has none */
    batches_are("carried rows with nothing left", &task, 4, 2, 4, "c.txt", "abcd", true,
                "{1:20=30 1:30=40 1:40=50 0:00=00 }0 0 0 0 ");
    SeqrtError error;
    SeqrtDataset *data = seqrt_dataset_read(&task, file("c.txt", "abcdefabcdef"), true, &error);
    SeqrtModel model = model_of(&task, 2, 2, 4);
    SeqrtPart train, valid;
    check("carried split", seqrt_part_split(data, 0.4, 1, &train, &valid, &error));
    check_text("carried train part", epoch_said(&model, data, &train, 1, 0, true), "{2:23=34 2:56=67 }0 0 {1:40=50 1:70=20 }0 0 ");
    check_text("carried validation part", epoch_said(&model, data, &valid, 1, 0, true), "{2:34=45 2:56=67 }0 0 ");
    seqrt_part_free(&train);
    seqrt_part_free(&valid);
    seqrt_dataset_free(data);
    task = rows_task(SEQRT_FORECAST);
    task.carry_state = true;
    task.window_length = task.window_stride = 2, task.horizon = 1;
    batches_are("carried forecasts", &task, 2, 2, 8, "c.csv", "x,y,p,q\n1,1,10,11\n2,2,20,21\n3,3,30,31\n4,4,40,41\n", true,
                "{2:1,1,2,2->30,31 1:3,3,0,0->40,41 }0 0 ");
    task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    task.carry_state = true;
    batches_are("carry_state needs one series", &task, 2, 2, 8, "c.csv", "text,label\na,no\n", true,
                (snprintf(said, sizeof said, "%s/c.csv: carry_state needs one long series, and a target other than class", directory), said));
}

/* The items of an epoch in order. */
static void epoch_items(const SeqrtModel *model, const SeqrtDataset *data, const SeqrtPart *part, uint64_t seed, int epoch, int *order)
{
    SeqrtLoader *loader = seqrt_loader_new(model, data, part);
    int count = 0;
    seqrt_loader_epoch(loader, seed, epoch - 1, true); /* a loader keeps nothing of the epoch before */
    seqrt_loader_epoch(loader, seed, epoch, true);
    for (int i = 0; i < seqrt_loader_batches(loader); i++) {
        SeqrtBatch batch;
        const int *items;
        seqrt_loader_get(loader, i, &batch, &items);
        for (int row = 0; row < batch.rows; row++) order[count++] = items[row];
    }
    seqrt_loader_free(loader);
}

static void test_shuffle(void)
{
    enum { N = 50 };
    SeqrtTask task = text_task(SEQRT_CHARS, SEQRT_CLASS);
    char rows[2000] = "text,label\n";
    for (int i = 0; i < N; i++) strcat(rows, "ab,no\n");
    SeqrtDataset *data = seqrt_dataset_read(&task, file("s.csv", rows), true, NULL);
    SeqrtModel model = model_of(&task, 8, 4, 4);
    SeqrtPart part = seqrt_part_whole(data);
    int a[N], b[N], expected[N], seen[N] = {0};
    epoch_items(&model, data, &part, 7, 3, a);
    for (int i = 0; i < N; i++) expected[i] = i, seen[a[i]]++;
    for (int i = N - 1; i > 0; i--) {
        int j = (int)(seqrt_random(7, ((uint64_t)SEQRT_STREAM_SHUFFLE << 32) + 3, (uint64_t)i) % (uint64_t)(i + 1)), swap = expected[i];
        expected[i] = expected[j], expected[j] = swap;
    }
    bool once = true;
    for (int i = 0; i < N; i++) once &= seen[i] == 1;
    check("each item once an epoch", once);
    check("the epoch's order", !memcmp(a, expected, sizeof a));
    epoch_items(&model, data, &part, 7, 4, b);
    check("another epoch, another order", memcmp(a, b, sizeof a) != 0);
    epoch_items(&model, data, &part, 8, 3, b);
    check("another seed, another order", memcmp(a, b, sizeof a) != 0);
    seqrt_part_free(&part);
    seqrt_dataset_free(data);
}

/* ---- size ---- */

/* Of the processor, so that a busy machine does not count. */
static double seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }

/* A million rows; the limit is wide enough for a slow machine with sanitizers, and too narrow for quadratic time. */
static void test_million(void)
{
    enum { N = 1000000 };
    char path[128];
    snprintf(path, sizeof path, "%s/million.csv", directory);
    FILE *f = fopen(path, "w");
    fputs("x,y,p,q\n", f);
    for (int i = 0; i < N; i++) fprintf(f, "%d.25,%d,%d,-1.5e-3\n", i, i & 1023, i % 7);
    fclose(f);
    SeqrtTask task = rows_task(SEQRT_FORECAST);
    task.window_length = 24, task.window_stride = 1, task.horizon = 1;
    SeqrtError error = {""};
    double start = seconds();
    SeqrtDataset *data = seqrt_dataset_read(&task, path, true, &error);
    double took = seconds() - start;
    check("a million rows", data && data->steps == N && data->items_count == N - 24 && data->x[2 * 999999] == 999999.25);
    printf("# a million rows of four numbers in %.2f s of the processor\n", took);
    check("in linear time", took < 20);
    seqrt_dataset_free(data);
    unlink(path);
}

int main(void)
{
    directory_start();
    test_text_datasets();
    test_next_datasets();
    test_row_datasets();
    test_forecast_datasets();
    test_cut_datasets();
    test_shaped_datasets();
    test_texts();
    test_pieces();
    test_groups();
    test_split_sequences();
    test_split_series();
    test_batches();
    test_carried();
    test_shuffle();
    test_million();
    return directory_end();
}
