m4_dnl c.m4: how C is phrased: names of the model, statements, functions, tables.
m4_dnl
m4_dnl sg_id(x): x with the model's name in front (exported names). sg_ID(X): the same in capitals (enumerators).
m4_define(<|sg_id|>, <|sg_name<||>_$1|>)m4_dnl
m4_define(<|sg_ID|>, <|sg_NAME<||>_$1|>)m4_dnl
m4_dnl
m4_dnl sg_if(FACT, TEXT, TEXT): by a fact about the file, 1 or 0: sg_threads (it trains), sg_streams (there is N_step), sg_dropout, sg_dense (it reads
m4_dnl whether all sequences have all steps), sg_apart (two threads have their rows apart)
m4_define(<|sg_if|>, <|m4_ifelse($1, 1, <|$2|>, <|$3|>)|>)m4_dnl
m4_dnl
m4_dnl Training code may run on a team of threads, each with its share of the rows; inference is for one (sg_threads is 0).
m4_dnl sg_share: one more parameter; sg_thread: the same as an argument; then of a thread's sequences how many there are, and how many of them run at step t;
m4_dnl sg_each(HOW MANY): a loop over the first so many of them.
m4_define(<|sg_share|>, <|m4_ifelse(sg_threads, 1, <|, const Share *s|>)|>)m4_dnl
m4_define(<|sg_thread|>, <|m4_ifelse(sg_threads, 1, <|, s|>)|>)m4_dnl
m4_define(<|sg_rows|>, <|m4_ifelse(sg_threads, 1, <|s->rows|>, <|m->count|>)|>)m4_dnl
m4_define(<|sg_running|>, <|m4_ifelse(sg_threads, 1, <|running(m, s, t)|>, <|m->rows[t]|>)|>)m4_dnl
m4_dnl sg_at: where step t of them begins, less the first of them
m4_define(<|sg_at|>, <|m4_ifelse(sg_apart, 1, <|s->at|>, <|m->at|>)|>)m4_dnl
m4_define(<|sg_each|>, <|m4_ifelse(sg_threads, 1, <|for (ptrdiff_t b = s->first, end = b + $1; b < end; b++)|>, <|for (ptrdiff_t b = 0; b < $1; b++)|>)|>)m4_dnl
m4_dnl
m4_dnl sg_blank: an empty line. sg_text(T): T as it stands. sg_title(T): a section's heading.
sg_defop(<|sg_text|>, 1, <|$1|>)m4_dnl
sg_defop(<|sg_title|>, 1, <|
/* ---- $1 ---- */|>)m4_dnl
sg_defop(<|sg_line|>, 1, <|    $1|>)m4_dnl
m4_dnl sg_call(FUNCTION, ARGUMENTS, INDENT): a statement; INDENT beyond the function's own four spaces
sg_defop(<|sg_call|>, 3, <|    $3$1($2);|>)m4_dnl
m4_dnl
m4_dnl Functions. sg_function(COMMENT, NAME): of the model. sg_step_function: of the model and a step.
sg_defop(<|sg_function|>, 2, <|
/* $1 */
static void $2(Model *m<||>sg_share)
{|>)m4_dnl
sg_defop(<|sg_step_function|>, 2, <|
/* $1 */
static NOINLINE void $2(Model *m<||>sg_share, const int t)
{|>)m4_dnl
sg_defop(<|sg_end|>, 0, <|}|>)m4_dnl
m4_dnl
m4_dnl Schedules: one call a step, for the steps that a sequence of the batch has.
sg_defop(<|sg_step|>, 2, <|    if (steps > $2) $1(m<||>sg_thread, $2);|>)m4_dnl
sg_defop(<|sg_loop_up|>, 1, <|    for (int t = 0; t < m->steps; t++)
        $1(m<||>sg_thread, t);|>)m4_dnl
sg_defop(<|sg_loop_down|>, 1, <|    for (int t = m->steps - 1; t >= 0; t--)
        $1(m<||>sg_thread, t);|>)m4_dnl
