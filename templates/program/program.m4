m4_dnl program.m4: the model's functions as a program: forward, gradient, weights in and out, streaming, the trainer's table.
m4_dnl
sg_defop(<|sg_static_begin|>, 2, <|
/* $1 */
static void $2(Model *m<||>sg_share)
{|>)m4_dnl
sg_defop(<|sg_run|>, 1, <|    $1(m<||>sg_thread);|>)m4_dnl
sg_defop(<|sg_meet|>, 0, <|    meet(s);|>)m4_dnl
sg_defop(<|sg_nothing|>, 0, <|    (void)m<||>m4_ifelse(sg_threads, 1, <|, (void)s|>);|>)m4_dnl
m4_dnl
m4_dnl Where each tensor stands, packed and in PyTorch's layout
sg_defop(<|sg_packs_begin|>, 0, <|
/* packed[from panel(j) + k k_stride + slot[q] P + j mod P] = tensor[q from_q + j from_j + k from_k]: gate q, unit j, input k */
typedef struct Pack {
    size_t packed, tensor; /* offsets in numbers, in the packed struct and in Weights */
    int gates, units, inputs, slot[4];
    ptrdiff_t panel_stride, k_stride, from_q, from_j, from_k;
} Pack;

static const Pack packs[] = {|>)m4_dnl
sg_defop(<|sg_pack|>, 4, <|    {offsetof(sg_id(Packed), $1) / sizeof(Real), offsetof(Weights, $2) / sizeof(Real), $3, $4},|>)m4_dnl
sg_defop(<|sg_packs_end|>, 0, <|};

static void pack_all(const Real *weights, Real *packed)
{
    memset(packed, 0, sizeof(sg_id(Packed)));
    for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
        const Pack *p = &packs[i];
        for (int q = 0; q < p->gates; q++)
            for (int j = 0; j < p->units; j++)
                for (int k = 0; k < p->inputs; k++)
                    packed[p->packed + (size_t)(j / P * p->panel_stride + k * p->k_stride + p->slot[q] * P + j % P)] =
                        weights[p->tensor + (size_t)(q * p->from_q + j * p->from_j + k * p->from_k)];
    }
}

static void unpack_all(const Real *packed, Real *weights)
{
    for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
        const Pack *p = &packs[i];
        for (int q = 0; q < p->gates; q++)
            for (int j = 0; j < p->units; j++)
                for (int k = 0; k < p->inputs; k++)
                    weights[p->tensor + (size_t)(q * p->from_q + j * p->from_j + k * p->from_k)] =
                        packed[p->packed + (size_t)(j / P * p->panel_stride + k * p->k_stride + p->slot[q] * P + j % P)];
    }
}|>)m4_dnl
sg_defop(<|sg_names_begin|>, 2, <|
const char *const sg_id($1)[$2] = {|>)m4_dnl
sg_defop(<|sg_scale_begin|>, 2, <|
const Real sg_id($1)[$2] = {|>)m4_dnl
sg_defop(<|sg_tensors_begin|>, 0, <|
const sg_id(Tensor) sg_id(tensors)[sg_ID(TENSORS)] = {|>)m4_dnl
sg_defop(<|sg_tensor|>, 5, <|    {$1, $2, {$3, $4}, offsetof(Weights, $5) / sizeof(Real)},|>)m4_dnl
sg_defop(<|sg_tensors_end|>, 0, <|};|>)m4_dnl
m4_dnl
sg_defop(<|sg_api|>, 1, <|
void sg_id(init)(Model *m)
{
    memset(m, 0, sizeof *m);
m4_ifelse(sg_threads, 1, <|    m->epochs = 1;
    m->lr = $1;
|>)m4_dnl
    m->batch_first = 1;
}|>)m4_dnl
sg_defop(<|sg_api_weights|>, 0, <|
void sg_id(set_weights)(Model *m, const Weights *weights)
{
    pack_all((const Real *)weights, (Real *)&m->w);
    refresh(m, &alone);
}

void sg_id(get_weights)(const Model *m, Weights *weights) { unpack_all((const Real *)&m->w, (Real *)weights); }

double sg_id(update)(Model *m) { return update_share(m, &alone); }|>)m4_dnl
sg_defop(<|sg_api_forward|>, 1, <|
void sg_id(forward)(Model *m, int rows, const int32_t *lengths, const $1 *input, Real *output)
{
sg_if(sg_dropout, <|    m->training = 0;
|>)m4_dnl
    pack_lengths(m, rows, lengths<||>sg_if(sg_apart, <|, 1|>));
sg_if(sg_threads, <|    const Share all = share_of(m, &alone);
|>)m4_dnl
    pack_input(m<||>sg_if(sg_threads, <|, &all|>), input);
    forward_all(m<||>sg_if(sg_threads, <|, &all|>));
    unpack_output(m, output);
}|>)m4_dnl
sg_defop(<|sg_api_train|>, 2, <|
/* One thread's share of forward and backward; the loss is known to the first thread. */
static Loss gradient_share(Model *m, const Share *team, int rows, const int32_t *lengths, const $1 *input, const $2 *target)
{
    Loss all = {0, 0};
sg_if(sg_dropout, <|    if (team->index == 0) {
        m->training = 1;
        pack_lengths(m, rows, lengths<||>sg_if(sg_apart, <|, team->count|>));
    }
|>, <|    if (team->index == 0)
        pack_lengths(m, rows, lengths<||>sg_if(sg_apart, <|, team->count|>));
|>)m4_dnl
    meet(team);
    const Share own = share_of(m, team);
    pack_input(m, &own, input);
    pack_target(m, &own, target);
    const Range g = share_range(&own, sizeof m->g / sizeof(Real), P);
    memset((Real *)&m->g + g.first, 0, (size_t)g.count * sizeof(Real));
    meet(team);
    forward_all(m, &own);
    meet(team);
    loss_rows(m, &own);
    meet(team);
    if (team->index == 0)
        all = loss_sum(m);
    backward_all(m, &own);
    meet(team);
sg_if(sg_dropout, <|    if (team->index == 0)
        m->training = 0;
|>)m4_dnl
    return all;
}

double sg_id(gradient)(Model *m, int rows, const int32_t *lengths, const $1 *input, const $2 *target)
{
    const Loss all = gradient_share(m, &alone, rows, lengths, input, target);
    return all.sum / all.weight;
}

double sg_id(train_step)(Model *m, int rows, const int32_t *lengths, const $1 *input, const $2 *target)
{
    const double mean = sg_id(gradient)(m, rows, lengths, input, target);
    sg_id(update)(m);
    m->step++;
    return mean;
}

void sg_id(get_gradients)(const Model *m, Weights *gradients) { unpack_all((const Real *)&m->g, (Real *)gradients); }|>)m4_dnl
m4_dnl
m4_dnl Streaming: sg_stream_begin(INPUT PARAMETER, HOW IT ENTERS THE STATE); statements; sg_stream_end(OUTPUT)
sg_defop(<|sg_stream_begin|>, 2, <|
/* One step of one sequence */
static void step_once(const Model *m, State *s, $1, Real *output)
{
m4_ifelse(sg_threads, 1, , <|    (void)m; /* the weights are constants */
|>)m4_dnl
    $2|>)m4_dnl
sg_defop(<|sg_stream_end|>, 1, <|    s->steps[0]++;
    memcpy(output, $1, O * sizeof(Real));
}|>)m4_dnl
m4_dnl sg_api_stream(INPUT PARAMETER, ITS NAME, BYTES OF A STATE)
sg_defop(<|sg_api_stream|>, 3, <|
_Static_assert(sizeof(State) == $3, "a streaming state takes the memory that the head says");
void sg_id(reset)(State *s) { memset(s, 0, sizeof *s); }

void sg_id(step)(const Model *m, State *s, $1, Real *output) { step_once(m, s, $2, output); }|>)m4_dnl
sg_defop(<|sg_carry_reset_begin|>, 0, <|
void sg_id(reset_carry)(Model *m)
{|>)m4_dnl
sg_defop(<|sg_carry_zero|>, 1, <|    memset($1, 0, sizeof $1);|>)m4_dnl
