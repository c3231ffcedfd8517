m4_dnl trainer.m4: the model as seqrt sees it: the task, the table of functions; main, which is the trainer's.
m4_dnl
sg_defop(<|sg_strings_begin|>, 2, <|
static const char *const $1[$2] = {|>)m4_dnl
sg_defop(<|sg_doubles_begin|>, 2, <|
static const double $1[$2] = {|>)m4_dnl
sg_defop(<|sg_item|>, 1, <|    $1,|>)m4_dnl
sg_defop(<|sg_list_end|>, 0, <|};|>)m4_dnl
sg_defop(<|sg_seqrt_tensors_begin|>, 0, <|
static const SeqrtTensor seqrt_tensors[] = {|>)m4_dnl
sg_defop(<|sg_seqrt_tensor|>, 7, <|    {$1, $2, {$3, $4}, offsetof(Weights, $5) / sizeof(Real), $6, $7},|>)m4_dnl
sg_defop(<|sg_table_begin|>, 2, <|
static const $1 $2 = {|>)m4_dnl
sg_defop(<|sg_model_table_begin|>, 0, <|
const SeqrtModel sg_id(seqrt) = {|>)m4_dnl
sg_defop(<|sg_field|>, 2, <|    .$1 = $2,|>)m4_dnl
m4_dnl
m4_dnl sg_adapters(INPUT FIELD, TARGET FIELD)
sg_defop(<|sg_adapters|>, 2, <|
/* ---- what seqrt calls: the functions above behind untyped pointers ---- */

typedef struct Session {
    Model model;
sg_if(sg_streams, <|    State state;
|>)m4_dnl
} Session;

static void init_session(void *session)
{
    memset(session, 0, sizeof(Session));
    sg_id(init)(&((Session *)session)->model);
}

static Share thread_share(const SeqrtThread *thread)
{
    return thread ? (Share){.index = thread->index, .until = thread->index + 1, .count = thread->count, .wait = thread->wait, .team = thread->team} : alone;
}

static SeqrtLoss forward_shared(void *session, const SeqrtBatch *batch, void *out, const SeqrtThread *thread)
{
    Model *m = &((Session *)session)->model;
    const Share team = thread_share(thread);
    Loss all = {0, 0};
sg_if(sg_dropout, <|    if (team.index == 0) {
        m->training = 0;
        pack_lengths(m, batch->rows, batch->lengths<||>sg_if(sg_apart, <|, 1|>));
    }
|>, <|    if (team.index == 0)
        pack_lengths(m, batch->rows, batch->lengths<||>sg_if(sg_apart, <|, 1|>));
|>)m4_dnl
    meet(&team);
    const Share own = share_of(m, &team);
    pack_input(m, &own, batch->$1);
    if (batch->$2)
        pack_target(m, &own, batch->$2);
    meet(&team);
    forward_all(m, &own);
    meet(&team);
    if (out && team.index == 0)
        unpack_output(m, out);
    if (!batch->$2)
        return (SeqrtLoss){0, 0};
    loss_rows(m, &own); /* leaves the outputs as they are */
    meet(&team);
    if (team.index == 0)
        all = loss_sum(m);
    return (SeqrtLoss){all.sum, all.weight};
}

static SeqrtLoss forward_session(void *session, const SeqrtBatch *batch, void *out) { return forward_shared(session, batch, out, NULL); }

static SeqrtLoss gradient_session(void *session, const SeqrtBatch *batch, uint64_t seed, uint64_t step, const SeqrtThread *thread)
{
    Model *m = &((Session *)session)->model;
    const Share share = thread_share(thread);
sg_if(sg_dropout, <|    if (share.index == 0) {
        m->seed = seed;
        m->step = step;
    }
|>, <|    (void)seed; /* there is no dropout */
    if (share.index == 0)
        m->step = step;
|>)m4_dnl
    const Loss all = gradient_share(m, &share, batch->rows, batch->lengths, batch->$1, batch->$2);
    return (SeqrtLoss){all.sum, all.weight};
}

static double update_session(void *session, const SeqrtUpdate *update, const SeqrtThread *thread)
{
    Model *m = &((Session *)session)->model;
    const Share share = thread_share(thread);
    if (share.index == 0) {
        m->step = update->step;
        m->epoch = update->epoch;
        m->epochs = update->epochs;
        m->lr = update->lr;
    }
    meet(&share);
    return update_share(m, &share);
}|>)m4_dnl
sg_defop(<|sg_blocks_begin|>, 0, <|
/* Weights, gradients and the optimiser's slots all have the same layout. */
static Real *block_session(Model *m, int block)
{
    switch (block) {
    case SEQRT_WEIGHTS: return (Real *)&m->w;
    case SEQRT_GRADIENTS: return (Real *)&m->g;|>)m4_dnl
sg_defop(<|sg_block_slot|>, 1, <|    case SEQRT_SLOT + $1: return (Real *)&m->s$1;|>)m4_dnl
sg_defop(<|sg_blocks_end|>, 0, <|    default: return NULL;
    }
}|>)m4_dnl
m4_dnl Carried state, where there is such: sg_state_get/set(MEMBER, COUNT)
sg_defop(<|sg_state_get_begin|>, 0, <|
static void get_state(const Model *m, Real *to)
{|>)m4_dnl
sg_defop(<|sg_state_get|>, 2, <|    memcpy(to, $1, $2 * sizeof(Real));
    to += $2;|>)m4_dnl
sg_defop(<|sg_state_get_end|>, 0, <|}|>)m4_dnl
sg_defop(<|sg_state_set_begin|>, 0, <|
static void set_state(Model *m, const Real *from)
{|>)m4_dnl
sg_defop(<|sg_state_set|>, 2, <|    memcpy($1, from, $2 * sizeof(Real));
    from += $2;|>)m4_dnl
sg_defop(<|sg_state_set_end|>, 0, <|}|>)m4_dnl
m4_dnl sg_session_blocks(carry or nothing)
sg_defop(<|sg_session_blocks|>, 1, <|
static void set_session(void *session, int block, const void *from)
{
    Model *m = &((Session *)session)->model;
m4_ifelse(<|$1|>, <|carry|>, <|    if (block == SEQRT_STATE) {
        set_state(m, from);
        return;
    }
|>)m4_dnl
    pack_all(from, block_session(m, block));
    if (block == SEQRT_WEIGHTS)
        refresh(m, &alone);
}

static void get_session(const void *session, int block, void *to)
{
    Model *m = (Model *)&((const Session *)session)->model;
m4_ifelse(<|$1|>, <|carry|>, <|    if (block == SEQRT_STATE)
        get_state(m, to);
    else
        unpack_all(block_session(m, block), to);
|>, <|    unpack_all(block_session(m, block), to);
|>)m4_dnl
}|>)m4_dnl
sg_defop(<|sg_session_reset_carry|>, 0, <|
static void reset_session(void *session) { sg_id(reset_carry)(&((Session *)session)->model); }|>)m4_dnl
sg_defop(<|sg_session_reset_nothing|>, 0, <|
/* Nothing is carried from one batch to the next */
static void reset_session(void *session) { (void)session; }|>)m4_dnl
m4_dnl sg_session_stream(THE INPUT, what is none: token and x, or x and token)
sg_defop(<|sg_session_stream|>, 2, <|
static void reset_step_session(void *session) { sg_id(reset)(&((Session *)session)->state); }

static void step_session(void *session, int32_t token, const void *x, void *out)
{
    Session *s = session;
    (void)$2;
    sg_id(step)(&s->model, &s->state, $1, out);
}|>)m4_dnl
m4_dnl
sg_defop(<|sg_main|>, 0, <|
static void tell(const SeqrtError *why, char *error, size_t size)
{
    if (!error || size == 0)
        return;
    strncpy(error, why->text, size - 1);
    error[size - 1] = '\0';
}

/* The gradients' memory takes the tensors in PyTorch's layout: packed ones are never smaller. */
bool sg_id(load)(Model *m, const char *path, char *error, size_t size)
{
    SeqrtError why;
    const bool ok = seqrt_load(&sg_id(seqrt), &m->g, path, &why);
    if (ok)
        sg_id(set_weights)(m, (const Weights *)&m->g);
    else
        tell(&why, error, size);
    return ok;
}

bool sg_id(save)(Model *m, const char *path, char *error, size_t size)
{
    SeqrtError why;
    sg_id(get_weights)(m, (Weights *)&m->g);
    const bool ok = seqrt_save(&sg_id(seqrt), &m->g, path, &why);
    if (!ok)
        tell(&why, error, size);
    return ok;
}

void sg_id(init_weights)(Model *m, uint64_t seed)
{
    seqrt_init_weights(&sg_id(seqrt), seed, &m->g);
    sg_id(set_weights)(m, (const Weights *)&m->g);
}

/* The trainer. Left out, the file needs the runtime alone, not the trainer's library. */
#if !defined(SEQGEN_NO_MAIN)
int sg_id(main)(int argc, char **argv) { return seqrt_main(&sg_id(seqrt), argc, argv); }

/* A weak symbol, so that a program with a main of its own, or with several models, links. */
#if defined(__GNUC__)
__attribute__((weak))
#endif
int main(int argc, char **argv)
{
    return sg_id(main)(argc, argv);
}
#endif|>)m4_dnl
