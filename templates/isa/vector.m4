m4_dnl vector.m4: the vector layer near the top of every generated C file.
m4_dnl
m4_dnl Takes: sg_vector_block(REAL, TARGET). REAL: float, double. TARGET: any (GNU C vectors, their width chosen by the
m4_dnl   preprocessor) or portable (strict C11, no extension, one lane).
m4_dnl Gives: C text: Real, V, VI, VU, W, INLINE, UNROLL, UNROLL_4 and the functions v_*, the same names for either argument.
m4_dnl   sg_widest 32: not wider than 32 bytes.
m4_dnl Does not: include a header of intrinsics, call libm (but for a square root where no vector unit has one),
m4_dnl   rely on -ffast-math, or rely on multiplications and additions being fused.
m4_dnl
m4_dnl The coefficients are those of tests/unit/fit_vector.py, the errors those of tests/unit/check_vector.c and
m4_dnl exhaustive_vector.c. Where a comparison has a NaN the second branch is taken: that is why clamps are written
m4_dnl v_min(limit, x), which gives the NaN back, and not v_min(x, limit).
m4_dnl
m4_dnl sg_vector_words(REAL, TARGET) stands before it, once a file.
m4_define(<|sg_vector_block|>, <|m4_define(<|sg_vector_fetch|>, <|sg_vector_fetch_$2|>)m4_define(<|sg_avx512|>, <|$2|>)m4_dnl
sg_vector_shape_$2(<|$1|>)
sg_vector_ops
sg_vector_exp_$1
m4_define(<|sg_vector_tanh|>, <|sg_vector_tanh_$1|>)m4_dnl
sg_vector_functions<||>sg_vector_gates<||>sg_vector_gates_$1
sg_vector_gelu_$1
sg_vector_gelu|>)m4_dnl
m4_dnl
m4_define(<|sg_vector_words|>, <|typedef $1 Real;
sg_vector_words_$2|>)m4_dnl
m4_define(<|sg_vector_words_any|>, <|/* A loop in full; a long one four passes at a time, as its counting costs what two multiply-adds do */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL_4 _Pragma("clang loop unroll_count(4)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 32")
#define UNROLL_4 _Pragma("GCC unroll 4")
#else
#define UNROLL
#define UNROLL_4
#endif
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline, unused))
#define NOINLINE __attribute__((noinline))
#else
#define INLINE static inline
#define NOINLINE
#endif
|>)m4_dnl
m4_define(<|sg_vector_words_portable|>, <|#define UNROLL
#define UNROLL_4
#define INLINE static inline
#define NOINLINE
|>)m4_dnl
m4_dnl
m4_dnl ---- widths and primitives ----
m4_dnl
m4_define(<|sg_vector_shape_any|>, <|/* ---- vectors: W lanes of Real, as wide as the target's registers ---- */

#if defined(V_BYTES) /* the level says it */
#elif !defined(__GNUC__)
#define V_BYTES 0
m4_ifelse(sg_widest, 32, , <|#elif defined(__AVX512DQ__)
#define V_BYTES 64
|>)m4_dnl
#elif defined(__AVX__)
#define V_BYTES 32
#elif defined(__SSE2__) || m4_ifelse(<|$1|>, <|double|>, <|defined(__aarch64__)|>, <|defined(__ARM_NEON)|>)
#define V_BYTES 16
#else
#define V_BYTES 0
#endif

#if V_BYTES
enum { W = V_BYTES / (int)sizeof(Real) };
typedef Real V __attribute__((vector_size(V_BYTES), may_alias));
typedef Real VLoose __attribute__((vector_size(V_BYTES), may_alias, aligned(sizeof(Real))));
typedef sg_vector_bits_$1 VI __attribute__((vector_size(V_BYTES), may_alias));
typedef u<||>sg_vector_bits_$1 VU __attribute__((vector_size(V_BYTES), may_alias));

INLINE V v_get(const Real *p) { return *(const V *)p; }
INLINE void v_put(Real *p, V v) { *(V *)p = v; }
INLINE V v_getu(const Real *p) { return *(const VLoose *)p; }
INLINE void v_putu(Real *p, V v) { *(VLoose *)p = v; }
INLINE V v_set(Real x) { return x - (V){0}; }
INLINE VU v_bits(V v) { return (VU)v; }
INLINE V v_real(VU u) { return (V)u; }

/* a < b ? x : y */
INLINE V v_select_lt(V a, V b, V x, V y)
{
    VI m = a < b;
    return (V)((m & (VI)x) | (~m & (VI)y));
}

/* Where C has no expression for an instruction. Max and min take b where an operand is a NaN (as the fallback does, which
 * clang, and not gcc, turns into one instruction). */
m4_ifelse(sg_levels, <|several|>, <|#undef V_ASM1
#undef V_ASM2
|>)m4_dnl
#if V_BYTES >= 32
#define V_ASM2(name, a, b, r) __asm__("v" name "sg_vector_suffix_$1 %2, %1, %0" : "=v"(r) : "v"(a), "v"(b))
#define V_ASM1(name, a, r) __asm__("v" name "sg_vector_suffix_$1 %1, %0" : "=v"(r) : "v"(a))
#elif defined(__SSE2__)
#define V_ASM2(name, a, b, r) __asm__(name "sg_vector_suffix_$1 %2, %0" : "=x"(r) : "0"(a), "x"(b))
#define V_ASM1(name, a, r) __asm__(name "sg_vector_suffix_$1 %1, %0" : "=x"(r) : "x"(a))
#elif defined(__aarch64__)
#define V_ASM1(name, a, r) __asm__("f" name " %0.sg_vector_neon_$1, %1.sg_vector_neon_$1" : "=w"(r) : "w"(a))
#endif
sg_vector_avx512_$1
#if defined(V_ASM2) && !defined(__clang__)
INLINE V v_max(V a, V b)
{
    V r;
    V_ASM2("max", a, b, r);
    return r;
}
INLINE V v_min(V a, V b)
{
    V r;
    V_ASM2("min", a, b, r);
    return r;
}
#else
INLINE V v_max(V a, V b) { return v_select_lt(b, a, a, b); }
INLINE V v_min(V a, V b) { return v_select_lt(a, b, a, b); }
#endif
INLINE V v_sqrt(V v)
{
    V r = v;
#if defined(V_ASM1)
    V_ASM1("sqrt", v, r);
#else
    UNROLL for (int i = 0; i < W; i++) r[i] = __builtin_<||>sg_vector_sqrt_$1<||>(v[i]);
#endif
    return r;
}

/* Lanes [from, from + count) of an array of vectors, within one of them, with `rest` behind. What is asked for is a constant wherever it is called. */
INLINE V v_lanes(const V *v, const int from, const int count, const Real rest)
{
    const V whole = v[from / W];
    if (from % W == 0 && count >= W)
        return whole;
#if defined(__GNUC__) && !defined(__clang__)
    VI lane;
    UNROLL for (int i = 0; i < W; i++) lane[i] = i < count ? i + from % W : W;
    return __builtin_shuffle(whole, v_set(rest), lane);
#else
    V r;
    UNROLL for (int i = 0; i < W; i++) r[i] = i < count ? whole[(i + from) % W] : rest;
    return r;
#endif
}

/* Lane i with lane i + W/2, then W/4, ..: the same tree whatever compiles it. */
INLINE Real v_sum(V v)
{
    typedef Real V16 __attribute__((vector_size(16)));
#if V_BYTES == 64
    typedef Real V32 __attribute__((vector_size(32)));
    union { V whole; V32 half[2]; } u = {v};
    union { V32 whole; V16 half[2]; } t = {u.half[0] + u.half[1]};
    V16 s = t.half[0] + t.half[1];
#elif V_BYTES == 32
    union { V whole; V16 half[2]; } t = {v};
    V16 s = t.half[0] + t.half[1];
#else
    V16 s = v;
#endif
    return m4_ifelse(<|$1|>, <|double|>, <|s[0] + s[1]|>, <|(s[0] + s[2]) + (s[1] + s[3])|>);
}

INLINE Real v_hmax(V v)
{
    Real lane[W];
    memcpy(lane, &v, sizeof lane);
    UNROLL for (int half = W / 2; half > 0; half /= 2) {
        UNROLL for (int i = 0; i < half; i++) lane[i] = lane[i] > lane[i + half] ? lane[i] : lane[i + half];
    }
    return lane[0];
}
#else
sg_vector_scalar(<|$1|>)
#endif|>)m4_dnl
m4_define(<|sg_vector_avx512_double|>)m4_dnl
m4_define(<|sg_vector_avx512_float|>, <|m4_ifelse(sg_levels, <|several|>, <|#undef V_AVX512
|>)m4_dnl
#if V_BYTES == 64 || (V_BYTES == 32 && defined(__AVX512VL__) && defined(__AVX512DQ__))
#define V_AVX512
/* t - floor t */
INLINE V v_fraction(V t)
{
    V r;
    __asm__("vreduceps $<||>1, %1, %0" : "=v"(r) : "v"(t));
    return r;
}
/* p 2^floor t */
INLINE V v_scale(V p, V t)
{
    V r;
    V_ASM2("scalef", p, t, r);
    return r;
}
/* 1 / d to 14 bits */
INLINE V v_inverse_near(V d)
{
    V r;
    V_ASM1("rcp14", d, r);
    return r;
}
/* a - b c, rounded once whatever the compiler fuses */
INLINE V v_residual(V a, V b, V c)
{
    __asm__("vfnmadd231ps %2, %1, %0" : "+v"(a) : "v"(b), "v"(c));
    return a;
}
#endif
|>)m4_dnl
m4_define(<|sg_vector_shape_portable|>, <|/* ---- vectors of one lane: strict C11 ---- */

sg_vector_scalar(<|$1|>)
|>)m4_dnl
m4_define(<|sg_vector_scalar|>, <|enum { W = 1 };
typedef Real V;
typedef u<||>sg_vector_bits_$1 VU;

INLINE V v_get(const Real *p) { return *p; }
INLINE void v_put(Real *p, V v) { *p = v; }
INLINE V v_getu(const Real *p) { return *p; }
INLINE void v_putu(Real *p, V v) { *p = v; }
INLINE V v_set(Real x) { return x; }
INLINE VU v_bits(V v)
{
    VU u;
    memcpy(&u, &v, sizeof u);
    return u;
}
INLINE V v_real(VU u)
{
    V v;
    memcpy(&v, &u, sizeof v);
    return v;
}
INLINE V v_select_lt(V a, V b, V x, V y) { return a < b ? x : y; }
INLINE V v_max(V a, V b) { return a > b ? a : b; }
INLINE V v_min(V a, V b) { return a < b ? a : b; }
INLINE V v_lanes(const V *v, const int from, const int count, const Real rest) { return count > 0 ? v[from] : rest; }
INLINE V v_sqrt(V v) { return sg_vector_sqrt_$1<||>(v); }
INLINE Real v_sum(V v) { return v; }
INLINE Real v_hmax(V v) { return v; }|>)m4_dnl
m4_define(<|sg_vector_bits_float|>, <|int32_t|>)m4_dnl
m4_define(<|sg_vector_bits_double|>, <|int64_t|>)m4_dnl
m4_define(<|sg_vector_suffix_float|>, <|ps|>)m4_dnl
m4_define(<|sg_vector_suffix_double|>, <|pd|>)m4_dnl
m4_define(<|sg_vector_neon_float|>, <|4s|>)m4_dnl
m4_define(<|sg_vector_neon_double|>, <|2d|>)m4_dnl
m4_define(<|sg_vector_sqrt_float|>, <|sqrtf|>)m4_dnl
m4_define(<|sg_vector_sqrt_double|>, <|sqrt|>)m4_dnl
m4_dnl
m4_dnl ---- functions of every shape ----
m4_dnl
m4_define(<|sg_vector_fetch_any|>, <|/* What stands at p is to be read soon */
#if defined(__GNUC__)
INLINE void v_fetch_near(const Real *p) { __builtin_prefetch(p, 0, 3); } /* into the first cache */
INLINE void v_fetch_far(const Real *p) { __builtin_prefetch(p, 0, 2); }  /* into the second */
#else
INLINE void v_fetch_near(const Real *p) { (void)p; }
INLINE void v_fetch_far(const Real *p) { (void)p; }
#endif|>)m4_dnl
m4_define(<|sg_vector_fetch_portable|>, <|/* No word of C asks for what is to be read soon. */
INLINE void v_fetch_near(const Real *p) { (void)p; }
INLINE void v_fetch_far(const Real *p) { (void)p; }|>)m4_dnl
m4_define(<|sg_vector_ops|>, <|
enum { V_BITS = 8 * (int)sizeof(Real) };
INLINE V v_zero(void) { return v_set(0); }

sg_vector_fetch

INLINE VU v_sign_bit(V v) { return v_bits(v) >> (V_BITS - 1) << (V_BITS - 1); }
INLINE V v_abs(V v) { return v_real(v_bits(v) << 1 >> 1); }
INLINE V v_relu(V x) { return v_select_lt(v_zero(), x, x, v_zero()); }
|>)m4_dnl
m4_dnl
m4_define(<|sg_vector_exp_float|>, <|enum { V_MANTISSA = 23, V_BIAS = 127 };
#define V_ROUND 0x1.8p23f
#define V_LOG2E 1.4426950408889634f
enum { V_EXP_LOW = -105, V_EXP_HIGH = 89 };
enum { V_SIGMOID_LOW = -104, V_SIGMOID_HIGH = 20, V_DENORMAL = 24 };
enum { V_TANH_LIMIT = 10 };
enum { V_GATE_LIMIT = 25 };
enum { V_GELU_LIMIT = 15, V_GELU_SPLIT = 12 };

/* x = n ln 2 + r, |r| <= ln 2 / 2; the low bits of *bits are those of n + bias */
INLINE V v_reduce(V x, int bias, VU *bits)
{
    const Real round = V_ROUND + (Real)bias;
    *bits = v_bits(x * V_LOG2E + round);
    V n = v_real(*bits) - round;
    return x - n * 0.693145752f - n * 1.42860677e-06f;
}

/* (e^r - 1 - r) / r^2, |r| <= ln 2 / 2 */
INLINE V v_exp_near(V r)
{
    return (((0.00138146124f * r + 0.00836871701f) * r + 0.0416683878f) * r + 0.166665206f) * r + 0.499999934f;
}

/* 2^f - 1, |f| <= 1/2. In this order: shorter chains cost tanh more than its 4 units in the last place. */
INLINE V v_exp2m1_near(V f)
{
    V q = (((0.00015403511f * f + 0.00133907379f) * f + 0.00961823751f) * f + 0.0555035743f) * f + 0.240226498f;
    return (q * f + 0.693147188f) * f;
}

/* s (2^f - 1): for gates, which wait for it and want less */
INLINE V v_exp2m1_times(V s, V f)
{
    V ff = f * f, q = (0.00015403511f * f + 0.00133907379f) * ff + (0.00961823751f * f + 0.0555035743f);
    return (q * ff + (0.240226498f * f + 0.693147188f)) * (s * f);
}
|>)m4_dnl
m4_define(<|sg_vector_exp_double|>, <|enum { V_MANTISSA = 52, V_BIAS = 1023 };
#define V_ROUND 0x1.8p52
#define V_LOG2E 1.4426950408889634
enum { V_EXP_LOW = -747, V_EXP_HIGH = 710 };
enum { V_SIGMOID_LOW = -746, V_SIGMOID_HIGH = 40, V_DENORMAL = 54 };
enum { V_TANH_LIMIT = 20 };
enum { V_GATE_LIMIT = 40 };
enum { V_GELU_LIMIT = 39, V_GELU_SPLIT = 27 };

/* x = n ln 2 + r, |r| <= ln 2 / 2; the low bits of *bits are those of n + bias */
INLINE V v_reduce(V x, int bias, VU *bits)
{
    const Real round = V_ROUND + (Real)bias;
    *bits = v_bits(x * V_LOG2E + round);
    V n = v_real(*bits) - round;
    return x - n * 0.69314718036912382 - n * 1.9082149292705877e-10;
}

/* (e^r - 1 - r) / r^2, |r| <= ln 2 / 2 */
INLINE V v_exp_near(V r)
{
    V q = ((((2.505377030837767e-08 * r + 2.7626037894418816e-07) * r + 2.7557407555638498e-06) * r
            + 2.4801505273773896e-05) * r + 0.00019841269718994672) * r + 0.0013888888931564898;
    return (((q * r + 0.0083333333333895556) * r + 0.041666666666576757) * r + 0.16666666666666588) * r + 0.50000000000000056;
}

/* 2^f - 1, |f| <= 1/2 */
INLINE V v_exp2m1_near(V f)
{
    V q = (((4.4455374665756657e-10 * f + 7.0725625486984274e-09) * f + 1.0178121300010524e-07) * f
           + 1.321544272001753e-06) * f + 1.5252733701209924e-05;
    q = (((q * f + 0.0001540353044148745) * f + 0.0013333558146531635) * f + 0.0096181291076070617) * f
        + 0.055504108664821236;
    return ((q * f + 0.24022650695910097) * f + 0.69314718055994529) * f;
}
INLINE V v_exp2m1_times(V s, V f) { return s * v_exp2m1_near(f); }
|>)m4_dnl
m4_dnl sg_with_avx512(C with its instructions, C without): the second alone where there are no vectors
m4_define(<|sg_with_avx512|>, <|m4_ifelse(sg_avx512, <|portable|>, <|$2|>, <|#if defined(V_AVX512)
$1
#else
$2
#endif|>)|>)m4_dnl
m4_define(<|sg_vector_divided|>, <|INLINE V v_inverse(V d) { return 1 / d; }
INLINE V v_quick_quotient(V a, V d) { return a / d; }|>)m4_dnl
m4_define(<|sg_vector_tanh_plain|>, <|sg_vector_divided

/* m = e^2|x| - 1 = 2^n (2^f - 1) + (2^n - 1), n + f = 2|x| / ln 2 */
INLINE V v_tanh_m(V x)
{
    const Real round = V_ROUND + (Real)V_BIAS;
    V a = v_min(v_set(V_TANH_LIMIT), v_abs(x));
    VU bits = v_bits(a * (2 * V_LOG2E) + round);
    V f = a * (2 * V_LOG2E) - (v_real(bits) - round), s = v_real(bits << V_MANTISSA);
    return s * v_exp2m1_near(f) + (s - 1);
}

/* m / (m + 2). The quotient damps the errors of large m, so f needs no second part. */
INLINE V v_tanh(V x)
{
    V m = v_tanh_m(x);
    return v_real(v_bits(m / (m + 2)) | v_sign_bit(x));
}|>)m4_dnl
m4_define(<|sg_vector_tanh_float|>, <|sg_with_avx512(<|/* Zen 4 and Zen 5, which older compilers name so, divide a vector in 6 to 10 cycles, beside multiplications: in fewer than the steps below take. */
#if defined(__znver3__) || defined(__znver4__) || defined(__znver5__)
sg_vector_divided
INLINE V v_quotient(V a, V d) { return a / d; }
#else
/* Quotients from an estimate of 1 / d, by a step of Newton's: a division takes as long as nine multiplications. The estimate's bits are the
 * processor's own: another make of processor may round the result another way. */
INLINE V v_inverse(V d)
{
    V r = v_inverse_near(d);
    return r * v_residual(v_set(1), d, r) + r;
}
INLINE V v_quotient(V a, V d)
{
    V r = v_inverse_near(d), q = a * r;
    return v_residual(a, q, d) * r + q;
}
/* a / d in a shorter chain: the step stands beside the product, not behind it, for an error of one unit more */
INLINE V v_quick_quotient(V a, V d)
{
    V r = v_inverse_near(d), q = a * r;
    return q * v_residual(v_set(1), d, r) + q;
}
#endif

/* m / (m + 2), m = e^2|x| - 1 = 2^n (2^f - 1) + (2^n - 1), n + f = 2|x| / ln 2, n the floor. The quotient damps the errors of large m, so f
 * needs no second part. */
INLINE V v_tanh(V x)
{
    V t = v_min(v_set(2 * V_LOG2E * V_TANH_LIMIT), v_abs(x) * (2 * V_LOG2E));
    V f = v_fraction(t), s = v_scale(v_set(1), t);
    V q = (((0.000207462103f * f + 0.00127099175f) * f + 0.00965066156f) * f + 0.0554965619f) * f + 0.240227138f;
    V m = s * ((q * f + 0.693147172f) * f) + (s - 1);
    return v_real(v_bits(v_quotient(m, m + 2)) | v_sign_bit(x));
}|>, <|sg_vector_tanh_plain|>)
|>)m4_dnl
m4_define(<|sg_vector_tanh_double|>, <|sg_vector_tanh_plain
|>)m4_dnl
m4_define(<|sg_vector_functions|>, <|/* e^(x - tail), |tail| small. 2^n is multiplied in as two halves: n may be below what a normal number holds. */
INLINE V v_exp_tail(V x, V tail)
{
    VU bits;
    V r = v_reduce(v_max(v_set(V_EXP_LOW), v_min(v_set(V_EXP_HIGH), x)), 2 * V_BIAS, &bits);
    r = r - tail;
    V p = v_exp_near(r) * r * r + r, s = v_real((bits >> 1) << V_MANTISSA);
    return (s * p + s) * v_real((bits - (bits >> 1)) << V_MANTISSA);
}
INLINE V v_exp(V x) { return v_exp_tail(x, v_zero()); }

sg_vector_tanh
/* 2^n / (2^n + e^-r), above and below times 2^V_DENORMAL: then 2^n can be as small as the result gets. */
INLINE V v_sigmoid(V x)
{
    const Real one = (Real)((uint64_t)1 << V_DENORMAL);
    VU bits;
    V r = v_reduce(v_max(v_set(V_SIGMOID_LOW), v_min(v_set(V_SIGMOID_HIGH), x)), V_BIAS + V_DENORMAL, &bits);
    V e = 1 - (1 - v_exp_near(-r) * r) * r, s = v_real(bits << V_MANTISSA);
    return s / (e * one + s);
}
|>)m4_dnl
m4_dnl
m4_dnl ---- functions of cells: quotients left open, so that several share a division; their errors count as parts of 1 ----
m4_dnl
m4_define(<|sg_vector_gates|>, <|
/* For factors in cells: errors count as parts of 1, and a quotient may be left open, so that several share a division. */|>)m4_dnl
m4_define(<|sg_vector_sigmoid_below|>, <|/* 1 / sigmoid x = 1 + 2^(n + f), n + f = -x / ln 2. Below -V_GATE_LIMIT the sigmoid counts as e^-V_GATE_LIMIT. */
INLINE V v_sigmoid_below(V x)
{
    const Real round = V_ROUND + (Real)V_BIAS;
    V a = v_max(v_set(-V_GATE_LIMIT), v_min(v_set(V_GATE_LIMIT), x));
    VU bits = v_bits(a * -V_LOG2E + round);
    V f = a * -V_LOG2E - (v_real(bits) - round), s = v_real(bits << V_MANTISSA);
    return v_exp2m1_times(s, f) + (s + 1);
}
INLINE V v_sigmoid_below_soon(V x) { return v_sigmoid_below(x); }

/* A gate that is no open quotient: nothing is quicker here than the whole sigmoid. */
INLINE V v_gate(V x) { return v_sigmoid(x); }|>)m4_dnl
m4_define(<|sg_vector_gates_float|>, <|
sg_with_avx512(<|/* 1 / sigmoid x = 1 + 2^t, t = -x / ln 2: a polynomial for what floor leaves of t, an instruction for the rest. The sigmoid's error is small
 * beside 1, not beside a tiny result; below -V_GATE_LIMIT it is some number no larger than e^-V_GATE_LIMIT. */
INLINE V v_exp2_high(V f, V ff) { return (0.00186712991f * f + 0.00901703081f) * ff + (0.0557999125f * f + 0.24016445f); }
INLINE V v_exp2_low(V f) { return 0.693151312f * f + 1; }
#if (defined(__znver3__) || defined(__znver4__)) && !defined(__AVX512VP2INTERSECT__)
/* Zen 4 has one multiplier of this width, and scales and adds beside it: two multiplications fewer, in a longer chain. */
INLINE V v_sigmoid_below(V x)
{
    V t = x * -V_LOG2E, f = v_fraction(t);
    V p = (((0.00186712991f * f + 0.00901703081f) * f + 0.0557999125f) * f + 0.24016445f) * f + 0.693151312f;
    return v_scale(p * f + 1, v_min(v_set(V_LOG2E * V_GATE_LIMIT), t)) + 1;
}
#else
INLINE V v_sigmoid_below(V x)
{
    V t = x * -V_LOG2E, f = v_fraction(t), ff = f * f, s = v_scale(v_set(1), v_min(v_set(V_LOG2E * V_GATE_LIMIT), t));
    return s * (v_exp2_high(f, ff) * ff + v_exp2_low(f)) + 1;
}
#endif
/* For a step that waits: a shorter chain, for a multiplication more */
INLINE V v_sigmoid_below_soon(V x)
{
    V t = x * -V_LOG2E, f = v_fraction(t), ff = f * f, s = v_scale(v_set(1), v_min(v_set(V_LOG2E * V_GATE_LIMIT), t));
    return v_exp2_high(f, ff) * (s * ff) + (s * v_exp2_low(f) + 1);
}
INLINE V v_gate(V x) { return v_inverse(v_sigmoid_below(x)); }|>, <|sg_vector_sigmoid_below|>)

/* tanh x = above / below = x P(x^2) / Q(x^2), |x| no larger than where tanh rounds to 1 */
INLINE V v_tanh_square(V x) { return v_min(v_set(9.02f * 9.02f), x * x); }
INLINE V v_tanh_above_high(V y, V yy) { return 1.33190701e-08f * yy + (2.05834791e-05f * y + 0.00349403438f); }
INLINE V v_tanh_above_low(V y) { return 0.133797178f * y + 1; }
INLINE V v_tanh_above(V x)
{
    V a = v_max(v_set(-9.02f), v_min(v_set(9.02f), x)), y = v_tanh_square(x), yy = y * y;
    return (v_tanh_above_high(y, yy) * yy + v_tanh_above_low(y)) * a;
}
/* s above, and s below, for a step that waits for them: s goes in beside their sums */
INLINE V v_tanh_above_times(V s, V x)
{
    V a = v_max(v_set(-9.02f), v_min(v_set(9.02f), x)) * s, y = v_tanh_square(x), yy = y * y;
    return v_tanh_above_high(y, yy) * (yy * a) + v_tanh_above_low(y) * a;
}

INLINE V v_tanh_below_high(V y, V yy) { return 7.76201847e-07f * yy + (0.000328309259f * y + 0.0258710725f); }
INLINE V v_tanh_below_low(V y) { return 0.46713033f * y + 1; }
INLINE V v_tanh_below(V x)
{
    V y = v_tanh_square(x), yy = y * y;
    return v_tanh_below_high(y, yy) * yy + v_tanh_below_low(y);
}
INLINE V v_tanh_below_times(V s, V x)
{
    V y = v_tanh_square(x), yy = y * y;
    return v_tanh_below_high(y, yy) * (yy * s) + v_tanh_below_low(y) * s;
}
|>)m4_dnl
m4_define(<|sg_vector_gates_double|>, <|
/* tanh x = above / below = +-m / (m + 2) */
INLINE V v_tanh_above(V x) { return v_real(v_bits(v_tanh_m(x)) | v_sign_bit(x)); }
INLINE V v_tanh_above_times(V s, V x) { return s * v_tanh_above(x); }
INLINE V v_tanh_below(V x) { return v_tanh_m(x) + 2; }
INLINE V v_tanh_below_times(V s, V x) { return s * v_tanh_below(x); }

sg_vector_sigmoid_below
|>)m4_dnl
m4_define(<|sg_vector_gelu_float|>, <|/* (a + 4) / 2 erfcx(a / sqrt 2), t = (a - 4) / (a + 4), a >= 0 */
INLINE V v_mills(V t)
{
    V p = (((-0.000134194305f * t + 0.000174662111f) * t + 0.00156840687f) * t - 0.00351021373f) * t - 0.00752400408f;
    return ((((p * t + 0.0604034904f) * t - 0.186523656f) * t + 0.387136916f) * t - 0.60789658f) * t + 0.755285135f;
}
|>)m4_dnl
m4_define(<|sg_vector_gelu_double|>, <|/* (a + 4) / 2 erfcx(a / sqrt 2), t = (a - 4) / (a + 4), a >= 0 */
INLINE V v_mills(V t)
{
    V p = (((-1.196530331586496e-09 * t - 3.3905057032813215e-10) * t + 1.4618964092539615e-08) * t
           + 1.6069261806616774e-08) * t - 7.7210287462229966e-08;
    p = (((p * t - 1.5659209757269834e-07) * t + 2.6415439470707721e-07) * t + 1.0218571765656177e-06) * t
        - 6.2522831895317431e-07;
    p = (((p * t - 5.9200112364554934e-06) * t + 7.1497546902805806e-07) * t + 3.5144569656753498e-05) * t
        - 1.9078439575983109e-06;
    p = (((p * t - 0.00023109490371213471) * t + 0.00013334424852082106) * t + 0.0016308184532792301) * t
        - 0.0034796923616065029;
    p = (((p * t - 0.0075401889664351096) * t + 0.060396574890666244) * t - 0.18652185795966542) * t
        + 0.38713740074221947;
    return (p * t - 0.60789664197189208) * t + 0.75528513041575152;
}
|>)m4_dnl
m4_define(<|sg_vector_gelu|>, <|/* For a >= 0: Phi(-a) as the product of *e = exp(-a^2 / 2), *inverse = 1 / (a + 4) and what is returned. a^2 is taken in two
 * parts, a = high + low. With t = 2 a inverse - 1 the errors of inverse and of t cancel, for (a - 4) inverse they add. */
INLINE V v_normal_tail(V a, V *e, V *inverse)
{
    V high = v_real(v_bits(a) >> V_GELU_SPLIT << V_GELU_SPLIT), low = a - high;
    *e = v_exp_tail(high * high * (Real)-0.5, (a + high) * low * (Real)0.5);
    *inverse = 1 / (a + 4);
    return v_mills(a * *inverse * 2 - 1);
}

/* x Phi(x); the product with e comes last, that may be below what a normal number holds */
INLINE V v_gelu(V x)
{
    V e, inverse, a = v_min(v_set(V_GELU_LIMIT), v_abs(x)), m = v_normal_tail(a, &e, &inverse);
    return v_max(v_zero(), x) - a * inverse * m * e;
}

/* Phi(x) + x phi(x); that of -x is one minus that of x */
INLINE V v_gelu_grad(V x)
{
    V e, inverse, a = v_min(v_set(V_GELU_LIMIT), v_abs(x)), m = v_normal_tail(a, &e, &inverse);
    V g = (m * inverse - a * (Real)0.39894228040143268) * e;
    return v_select_lt(x, v_zero(), g, 1 - g);
}
|>)m4_dnl
