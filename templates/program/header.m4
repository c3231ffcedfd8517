m4_dnl header.m4: model.h, the interface. Facts from gen/emit: sg_name, sg_NAME, sg_real, and the lists of members.
m4_dnl
sg_defop(<|sg_header_top|>, 2, <|#ifndef sg_ID(H)
#define sg_ID(H)
/* sg_name: $1
 *
 * Everything works on memory that the caller owns: sg_id(Model)<||>sg_if(sg_streams, <|,
 * and sg_id(State) for each sequence that is fed step by step|>); nothing allocates, prints, or writes a global.
 * Two threads may use two models at once. The structs must be aligned to 64 bytes. A compiler does so for variables, and
 * for `new` from C++17 on; malloc does not: take aligned_alloc(64, sizeof(sg_id(Model)))<||>sg_if(sg_streams, <|, or of sg_id(State)|>).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define sg_ID(ALIGN) alignas(64)
extern "C" {
#else
#define sg_ID(ALIGN) _Alignas(64)
#endif

#define sg_ID(CAN_STREAM) sg_streams /* sg_if(sg_streams, <|sg_id(step) exists: nothing in the model looks ahead|>, <|there is no sg_id(step): $2|>) */

typedef sg_real sg_id(Real);|>)m4_dnl
sg_defop(<|sg_enum_begin|>, 0, <|
enum {|>)m4_dnl
sg_defop(<|sg_enum_member|>, 3, <|    sg_ID($1) = $2, /* $3 */|>)m4_dnl
sg_defop(<|sg_enum_end|>, 0, <|};|>)m4_dnl
m4_dnl What numbers mean: gen/emit/meaning.c
sg_defop(<|sg_header_vocabulary|>, 0, <|
/* What the tokens stand for, as UTF-8; entries 0 and 1, padding and unknown, are empty. */
extern const char *const sg_id(vocabulary)[sg_ID(VOCABULARY)];|>)m4_dnl
sg_defop(<|sg_header_classes|>, 1, <|
/* Outputs are logits, one for each of these classes: e^y over the sum of all e^y is its probability. */
extern const char *const sg_id(classes)[$1];|>)m4_dnl
sg_defop(<|sg_header_two_classes|>, 1, <|
/* The output is a logit: 1 / (1 + e^-y) is the probability of the second of these classes. */
extern const char *const sg_id(classes)[$1];|>)m4_dnl
sg_defop(<|sg_header_next|>, 0, <|
/* Outputs are logits, one for each token that may come next: e^y over the sum of all e^y is its probability. */|>)m4_dnl
sg_defop(<|sg_header_chances|>, 0, <|
/* Outputs are logits: 1 / (1 + e^-y) is the value, from 0 to 1. */|>)m4_dnl
sg_defop(<|sg_header_input_scale|>, 0, <|
/* The network reads normalised numbers: (x - input_shift) / input_scale, by feature, where x is in the units of the data. */
extern const sg_id(Real) sg_id(input_shift)[sg_ID(FEATURES)], sg_id(input_scale)[sg_ID(FEATURES)];|>)m4_dnl
sg_defop(<|sg_header_target_scale|>, 2, <|
/* Its outputs are normalised too: y target_scale + target_shift, $2, is in the units of the data. */
extern const sg_id(Real) sg_id(target_shift)[$1], sg_id(target_scale)[$1];|>)m4_dnl
m4_dnl
m4_dnl Structs: sg_struct_begin(COMMENT, NAME), sg_reals/sg_ints/sg_wides/sg_doubles(NAME, COUNT, COMMENT), sg_struct_end(NAME)
sg_defop(<|sg_struct_begin|>, 2, <|
/* $1 */
typedef struct sg_id($2) {|>)m4_dnl
sg_defop(<|sg_struct_end|>, 1, <|} sg_id($1);|>)m4_dnl
sg_defop(<|sg_reals|>, 3, <|    sg_ID(ALIGN) sg_id(Real) $1[$2]; /* $3 */|>)m4_dnl
sg_defop(<|sg_ints|>, 3, <|    sg_ID(ALIGN) int32_t $1[$2]; /* $3 */|>)m4_dnl
sg_defop(<|sg_wides|>, 3, <|    sg_ID(ALIGN) int64_t $1[$2]; /* $3 */|>)m4_dnl
sg_defop(<|sg_doubles|>, 3, <|    sg_ID(ALIGN) double $1[$2]; /* $3 */|>)m4_dnl
sg_defop(<|sg_packed_member|>, 2, <|    sg_id(Packed) $1; /* $2 */|>)m4_dnl
sg_defop(<|sg_derived_member|>, 2, <|    sg_id(Derived) $1; /* $2 */|>)m4_dnl
sg_defop(<|sg_weight1|>, 3, <|    sg_id(Real) $1[$2]; /* $3 */|>)m4_dnl
sg_defop(<|sg_weight2|>, 4, <|    sg_id(Real) $1[$2][$3]; /* $4 */|>)m4_dnl
sg_defop(<|sg_model_head|>, 0, <|    sg_ID(ALIGN) uint64_t step; /* optimiser steps done */
sg_if(sg_dropout, <|    uint64_t seed; /* of dropout */
    int32_t training; /* dropout is on */
|>)m4_dnl
    int32_t count, steps, total; /* of the batch: sequences, longest length, valid steps */
sg_if(sg_dense, <|    int32_t dense; /* every sequence has every step */
|>)m4_dnl
sg_if(sg_apart, <|    int32_t apart; /* the rows stand part by part */
|>)m4_dnl
    int32_t epoch, epochs; /* for the learning rate's schedule */
    int32_t batch_first; /* 1, from init: arrays are [rows][T][..]; the caller may set 0: [T][rows][..] */
    double lr; /* learning rate before the schedule */|>)m4_dnl
sg_defop(<|sg_model_head_infer|>, 0, <|    sg_ID(ALIGN) int32_t count; /* of the batch: sequences, */
    int32_t steps, total; /* longest length, valid steps */
    int32_t batch_first; /* 1, from init: arrays are [rows][T][..]; the caller may set 0: [T][rows][..] */|>)m4_dnl
m4_dnl
sg_defop(<|sg_header_tensor|>, 0, <|
/* A tensor as PyTorch names and shapes it; offset in numbers from the start of sg_id(Weights). */
typedef struct sg_id(Tensor) {
    const char *name;
    int rank, shape[2];
    size_t offset;
} sg_id(Tensor);
extern const sg_id(Tensor) sg_id(tensors)[sg_ID(TENSORS)];|>)m4_dnl
m4_dnl sg_header_init(LEARNING RATE)
sg_defop(<|sg_header_init|>, 1, <|
/* Zeroes the model, but for sg_if(sg_threads, <|lr = $1 (the spec's), epochs = 1 and |>)batch_first = 1. Call it first. */
void sg_id(init)(sg_id(Model) *m);|>)m4_dnl
sg_defop(<|sg_header_weights|>, 0, <|
/* Weights in and out, in PyTorch's layout; all are 0 after init. */
void sg_id(set_weights)(sg_id(Model) *m, const sg_id(Weights) *weights);
void sg_id(get_weights)(const sg_id(Model) *m, sg_id(Weights) *weights);|>)m4_dnl
sg_defop(<|sg_header_forward|>, 3, <|
/* Evaluation of `rows` sequences (1 to sg_ID(B)).
 *   lengths  [rows], 1 to sg_ID(T)
 *   input    $1; entries past a row's length are never read
 *   output   $2 */
void sg_id(forward)(sg_id(Model) *m, int rows, const int32_t *lengths, const $3 *input, sg_id(Real) *output);|>)m4_dnl
sg_defop(<|sg_header_train|>, 3, <|
/* Forward and backward of the batch's mean loss<||>sg_if(sg_dropout, <|, dropout on|>); gradients are left in the model. Returns the mean loss.
 *   target   $2 */
double sg_id(gradient)(sg_id(Model) *m, int rows, const int32_t *lengths, const $1 *input, const $3 *target);
/* Clips the gradients and moves the weights: optimiser step number m->step of epoch m->epoch out of m->epochs, at m->lr
 * times the schedule. Returns the gradients' norm before clipping. */
double sg_id(update)(sg_id(Model) *m);
/* Both; then m->step has grown by one. Returns the mean loss. */
double sg_id(train_step)(sg_id(Model) *m, int rows, const int32_t *lengths, const $1 *input, const $3 *target);
void sg_id(get_gradients)(const sg_id(Model) *m, sg_id(Weights) *gradients);

/* Weights as safetensors, and weights drawn from a seed by PyTorch's rules; these, and only these, need seqrt. They use
 * the gradients' memory. False: `error` (of `size` bytes, or NULL) says why. */
bool sg_id(load)(sg_id(Model) *m, const char *path, char *error, size_t size);
bool sg_id(save)(sg_id(Model) *m, const char *path, char *error, size_t size);
void sg_id(init_weights)(sg_id(Model) *m, uint64_t seed);

/* The model for the runtime's other functions, such as readers of data: a SeqrtModel, see seqrt.h and seqrt_data.h. */
extern const struct SeqrtModel sg_id(seqrt);

/* The trainer's command line, as `main` calls it; needs seqtrain. Both are left out under -DSEQGEN_NO_MAIN. */
int sg_id(main)(int argc, char **argv);|>)m4_dnl
m4_dnl sg_header_stream(WHAT IT TAKES, PARAMETER, WHAT IT GIVES, WHAT OF THE MODEL IT NEEDS, what more is to be said, or nothing)
sg_defop(<|sg_header_stream|>, 5, <|
/* One sequence, step by step. reset starts it; step takes $1 and gives
 * output [sg_ID(OUTPUTS)]$3.$5
 * $4 */
void sg_id(reset)(sg_id(State) *s);
void sg_id(step)(const sg_id(Model) *m, sg_id(State) *s, $2, sg_id(Real) *output);|>)m4_dnl
sg_defop(<|sg_header_carry|>, 0, <|
/* Carried state to zero: the next windows start new streams. */
void sg_id(reset_carry)(sg_id(Model) *m);|>)m4_dnl
sg_defop(<|sg_header_end|>, 0, <|
#ifdef __cplusplus
}
#endif
#endif|>)m4_dnl
