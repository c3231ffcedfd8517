m4_dnl levels.m4: the part of the file that depends on the width of vectors, for one level of the machine or for several.
m4_dnl
m4_dnl One level, or what the compiler targets (host, aarch64, portable): the text stands where it stands.
m4_dnl x86-64-v3, x86-64-v4: the level's instructions are switched on by a pragma, no option of the compiler is needed.
m4_dnl x86-64: the file includes itself once a level, and gen/emit/levels.c puts a macro for every name of the part in front,
m4_dnl so that each level has functions of its own (f_v4, f_v3, f_v2). What stands behind calls f_best, which asks the machine.
m4_dnl
m4_define(<|sg_level_features_v4|>, <|avx512f,avx512bw,avx512dq,avx512vl,avx2,fma|>)m4_dnl
m4_define(<|sg_level_features_v3|>, <|avx2,fma|>)m4_dnl
m4_define(<|sg_level_bytes_v4|>, <|sg_widest|>)m4_dnl
m4_define(<|sg_level_bytes_v3|>, 32)m4_dnl
m4_define(<|sg_level_push|>, <|#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("sg_level_features_$1"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("sg_level_features_$1")
#endif|>)m4_dnl
m4_define(<|sg_level_pop|>, <|#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif|>)m4_dnl
m4_dnl
m4_dnl ---- one level ----
m4_dnl
sg_defop(<|sg_level_begin|>, 1, <|
/* Instructions of x86-64-$1, whatever the compiler is told */
#if defined(__GNUC__) && defined(__x86_64__)
#define V_BYTES sg_level_bytes_$1
sg_level_push($1)
#endif|>)m4_dnl
sg_defop(<|sg_level_end|>, 0, <|
#if defined(__GNUC__) && defined(__x86_64__)
sg_level_pop
#endif|>)m4_dnl
m4_dnl
m4_dnl ---- several ----
m4_dnl
m4_dnl In the head of the file: what stands before the levels is read once.
sg_defop(<|sg_levels_head|>, 0, <|#if !defined(LEVEL) /* this file includes itself once for each level of x86-64: see "levels" */|>)m4_dnl
m4_dnl Whatever the file is called, where the compiler can say; else it must have kept its name, and a stranger of that name is an error.
m4_define(<|sg_level_include|>, <|#if defined(__FILE_NAME__)
#include __FILE_NAME__
#else
#include "$1"
#endif
#if !defined(SEQGEN_LEVELS_$2)
#error "$1 is not this file: it may be renamed where the compiler has __FILE_NAME__ (gcc from 12, clang from 9 on)"
#endif|>)m4_dnl
m4_dnl sg_levels_begin(NAME OF THE FILE, HASH OF THE SPEC)
sg_defop(<|sg_levels_begin|>, 2, <|
/* ---- levels: what depends on the width of vectors is there once for v4 (AVX-512), v3 (AVX2) and v2 (SSE) ---- */

#define AT(name) AT_(name, LEVEL)
#define AT_(name, level) AT__(name, level)
#define AT__(name, level) name##_##level
@names@

#if defined(__GNUC__) && defined(__x86_64__)
#define LEVEL v4
#define V_BYTES sg_level_bytes_v4
sg_level_push(v4)
sg_level_include(<|$1|>, <|$2|>)
sg_level_pop
#undef LEVEL
#undef V_BYTES

#define LEVEL v3
#define V_BYTES sg_level_bytes_v3
sg_level_push(v3)
sg_level_include(<|$1|>, <|$2|>)
sg_level_pop
#undef LEVEL
#undef V_BYTES

#define LEVEL v2
#define V_BYTES 16
sg_level_include(<|$1|>, <|$2|>)
#undef LEVEL
#undef V_BYTES
#else
#define ONE_LEVEL
#endif
#define LEVEL best
#define OUTSIDE
#endif

#if !defined(OUTSIDE) || defined(ONE_LEVEL)
#define SEQGEN_LEVELS_$2
@begin@|>)m4_dnl
m4_dnl sg_levels_end; sg_level_entry(RESULT, NAME, PARAMETERS, ARGUMENTS) for each function that is called from outside;
m4_dnl sg_levels_close at the end of the file
sg_defop(<|sg_levels_end|>, 0, <|@end@
#endif

#if defined(OUTSIDE)
#if !defined(ONE_LEVEL)
static int machine_level(void)
{
#if defined(SEQGEN_LEVEL) /* 2, 3 or 4: chosen by whoever compiles */
    return SEQGEN_LEVEL;
#else
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 4;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 3 : 2;
#endif
}|>)m4_dnl
sg_defop(<|sg_level_entry|>, 4, <|
static $1 $2($3)
{
    switch (machine_level()) {
    case 4: m4_ifelse(<|$1|>, <|void|>, <|$2_v4($4); break|>, <|return $2_v4($4)|>);
    case 3: m4_ifelse(<|$1|>, <|void|>, <|$2_v3($4); break|>, <|return $2_v3($4)|>);
    default: m4_ifelse(<|$1|>, <|void|>, <|$2_v2($4)|>, <|return $2_v2($4)|>);
    }
}|>)m4_dnl
sg_defop(<|sg_levels_entries_end|>, 0, <|#endif|>)m4_dnl
sg_defop(<|sg_levels_close|>, 0, <|#endif|>)m4_dnl
