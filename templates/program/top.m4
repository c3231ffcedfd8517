m4_dnl top.m4: the head of model.c: includes, vectors, constants.
m4_dnl
m4_dnl The vector layer stands between marks: of it stays what the file uses (gen/emit/unused.c).
sg_defop(<|sg_vectors_begin|>, 0, <|
@vectors@|>)m4_dnl
sg_defop(<|sg_vectors_end|>, 0, <|@vectors end@|>)m4_dnl
sg_defop(<|sg_banner_begin|>, 0, <|/*|>)m4_dnl
sg_defop(<|sg_banner|>, 1, <| *$1|>)m4_dnl
sg_defop(<|sg_banner_end|>, 0, <| */|>)m4_dnl
m4_dnl Rounding to whole numbers adds a large one and takes it away again: allowed to reassociate, a compiler leaves out both.
m4_define(<|sg_as_written|>, <|/* Sums are made in the order in which they stand, also where -ffast-math allows any */
#if defined(__clang__)
#pragma clang fp reassociate(off)
#elif defined(__GNUC__) && defined(__ASSOCIATIVE_MATH__)
#pragma GCC optimize("no-associative-math")
#elif defined(_M_FP_FAST)
#pragma float_control(precise, on)
#endif
|>)m4_dnl
sg_defop(<|sg_includes_train|>, 1, <|#include "$1"
#include "seqrt.h"
#if !defined(SEQGEN_NO_MAIN)
#include "seqtrain.h"
#endif

#include <math.h>
#include <stdint.h>
#include <string.h>

sg_as_written|>)m4_dnl
m4_dnl sg_includes_infer(HEADER, math or nothing)
sg_defop(<|sg_includes_infer|>, 2, <|#include "$1"

m4_ifelse(<|$2|>, <|math|>, <|#include <math.h>
|>)m4_dnl
#include <stdint.h>
#include <string.h>

sg_as_written|>)m4_dnl
m4_dnl sg_sizes_begin(BYTES of a model), sg_size(NAME, NUMBER, COMMENT) .., sg_sizes_end
sg_defop(<|sg_sizes_begin|>, 1, <|/* ---- sizes ---- */

typedef sg_id(Model) Model;
sg_if(sg_streams, <|typedef sg_id(State) State;
|>)m4_dnl
_Static_assert(sizeof(Model) == $1, "a model takes the memory that its head says");
enum {|>)m4_dnl
sg_defop(<|sg_size|>, 3, <|    $1 = $2, /* $3 */|>)m4_dnl
sg_defop(<|sg_sizes_end|>, 0, <|};
/* Where unit u stands when a panel of P units takes X numbers */
#define SPAN(u, X) ((u) / P * (X) + (u) % P)|>)m4_dnl
sg_defop(<|sg_by_width|>, 0, <|/* A tile's size, by the width of the vectors this file is compiled for: 64, 32, 16 bytes, one number */
#define BY_WIDTH(v64, v32, v16, v1) (W == 1 ? (v1) : sizeof(V) == 64 ? (v64) : sizeof(V) == 32 ? (v32) : (v16))|>)m4_dnl
m4_dnl
m4_dnl Weights as constants: sg_stored_begin(TYPE, NAME), sg_stored_member(NAME), sg_item.., sg_stored_member_end, sg_list_end
sg_defop(<|sg_stored_begin|>, 2, <|
static const sg_id($1) $2 = {|>)m4_dnl
sg_defop(<|sg_stored_member|>, 1, <|    .$1 = {|>)m4_dnl
sg_defop(<|sg_stored_member_end|>, 0, <|    },|>)m4_dnl
