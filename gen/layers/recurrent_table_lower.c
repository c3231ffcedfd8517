/* recurrent_table_lower.c: a recurrent layer on tokens that stand for vectors: each vector is multiplied by the input weights once a step.
 *
 * Takes: a Run whose input has vectors (Value). Gives, E being [V][D] and W_ih the layer's weights:
 *   (1) table = E W_ih'                 after the weights have changed; a step looks up its token's row, as it does for one-hot tokens
 *   (2) dtable[token_r] += dgates_r     in the order of the rows, by the caller
 *   (3) dW_ih = dtable' E, dE = dtable W_ih, and db, the sum of dtable's rows, where all gates see the input
 * V rows of each product instead of one for each row of the batch. Does not: decide whether that pays (plan_multiplies_vocabulary).
 */
#include "recurrent_run.h"

#include <stdlib.h>

static int row_of(const Run *r) { return r->cell->x_slots * r->Hp; }

void recurrent_table(Run *r)
{
    Plan *plan = r->plan;
    r->table = plan_buffer(plan, BLOCK_DERIVED, r->in.width, row_of(r), "[token][panel][slot][P]: the tokens' vectors times weight_ih", "%s_table", r->base);
    r->table_grad = plan_buffer(plan, BLOCK_BACKWARD, r->in.width, row_of(r), "gradient of that", "%s_table_grad", r->base);
    r->w_ih_t[0] = plan_buffer(plan, BLOCK_DERIVED, (int64_t)plan_pad(plan, r->K) / plan->P * row_of(r), plan->P, "[panel of x][gate column][P]", "%s_weight_ih_t0",
                               r->base);
}

void recurrent_table_refresh(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const int E = (int)plan->buffers[r->in.vectors].stride, P = plan->P;
    function_line(f, "transpose_panels(s, %s, %d, %d, 0, %d, %d, %s);", plan_ref(plan, r->w_ih), r->Hp / P, r->K, r->K, r->cell->x_slots * P, plan_ref(plan, r->w_ih_t[0]));
    function_line(f, "const Range tokens = share_range(s, %d, 1);", r->in.width);
    bool fresh;
    Kernel *kernel = plan_kernel(plan, KERNEL_TILE, &fresh, "%s_vectors%d_%d_table", r->cell->kind, r->K, r->H);
    Args args = {.kernel = fresh ? kernel : NULL};
    if (fresh) {
        kernel->comment = mem_format("%s cell, %d -> %d: W x for the vector of each token", r->cell->kind, r->K, r->H);
        kernel->units = r->Hp;
        kernel->slots = r->cell->x_slots;
        kernel->rows = r->in.width;
        kernel->program = recurrent_slots(r->cell->x_slots);
        kernel->flops_row = 2.0 * r->H * r->K * r->cell->x_slots;
        kernel->init = INIT_ZERO;
        kernel->sources[kernel->sources_count++] = (Source){.a = "x", .w = "w_ih", .a_stride = E, .reps = 1, .run = r->K, .w_rows = r->K, .slots = r->cell->x_slots};
    }
    text_add(&args.text, "tokens.count");
    recurrent_arg(&args, "w_ih", false, 0, "%s", plan_ref(plan, r->w_ih));
    recurrent_arg(&args, "x", false, E, "%s", plan_row(plan_ref(plan, r->in.vectors), "tokens.first", E));
    recurrent_arg(&args, "products", true, row_of(r), "%s", plan_row(plan_ref(plan, r->table), "tokens.first", row_of(r)));
    function_call(f, kernel->name, "%s", args.text.data);
    free(args.text.data);
}

void recurrent_table_start(Run *r, Function *f)
{
    function_line(f, "zero_share(s, %s, %lld);", plan_ref(r->plan, r->table_grad), (long long)r->in.width * row_of(r));
}

void recurrent_table_gradients(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const int E = (int)plan->buffers[r->in.vectors].stride;
    Outer o = recurrent_outer_x(r, 0);
    char *count = mem_format("%d", r->in.width), *d = plan_ref(plan, r->table_grad);
    o.a = plan_ref(plan, r->in.vectors), o.a_stride = E, o.inputs = r->K;
    o.d = d, o.d_stride = row_of(r), o.slots = r->cell->x_slots, o.slot = 0;
    o.rows = count;
    outer_call(plan, f, &o);

    /* backward meets the reverse direction first: it sets dE, the forward direction adds to it */
    const bool add = r->layer->spec->p.bidirectional && !r->reverse;
    char *de = plan_row(plan_grad_ref(plan, r->in.vectors), "tokens.first", E);
    char *name = mem_format("%s_%d_to_%d_vectors%s", r->cell->kind, r->H, r->K, add ? "_add" : "");
    char *comment = mem_format("gradient of the tokens' vectors = dtable[%d] . transposed weights", row_of(r));
    Product product = {.name = name, .comment = comment, .rows = "tokens.count", .most_rows = r->in.width, .units = plan_pad(plan, r->K), .operands_count = 1,
                       .y = de, .y_stride = E, .in_place = add};
    product.operands[0] = (Operand){.a = plan_row(d, "tokens.first", row_of(r)), .a_stride = row_of(r), .reps = 1, .run = row_of(r), .w = plan_ref(plan, r->w_ih_t[0]),
                                    .w_rows = row_of(r)};
    if (add)
        product_add(&product, de);
    function_line(f, "const Range tokens = share_range(s, %d, 1);", r->in.width);
    product_call(plan, f, &product);
    free(count), free(name), free(comment);
}
