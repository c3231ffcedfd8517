#!/usr/bin/python3
"""fit_vector.py: the coefficients of templates/isa/vector.m4, by Remez' exchange in 50 digits.

Takes: nothing; needs Debian's python3-mpmath and python3-numpy. Gives: on standard output, per function, the error of the best polynomial in
units of 2^-24 (float) or 2^-53 (double) and its coefficients, lowest power first, as %.9g or %.17g. About a minute.
Does not: search the rounded coefficients; rounding them costs less than the evaluation does.
"""
import numpy
from mpmath import cos, erfc, exp, expm1, log, lu_solve, matrix, mp, mpf, nstr, pi, polyval, sqrt, tanh

mp.dps = 50
DENSE = 1500


def solve(f, weight, degree, points):
    """The polynomial whose weighted error alternates between +E and -E at degree + 2 points, and E."""
    size = degree + 2
    left, right = matrix(size, size), matrix(size, 1)
    for i, t in enumerate(points):
        for k in range(degree + 1):
            left[i, k] = t**k
        left[i, size - 1] = (-1)**i / weight(t)
        right[i] = f(t)
    solution = lu_solve(left, right)
    return [solution[k] for k in range(degree + 1)], abs(solution[size - 1])


def extrema(errors, count):
    """Indices of the largest error of each run of one sign; the smaller end goes while there are too many."""
    runs = []
    for i, e in enumerate(errors):
        if runs and (e > 0) == (errors[runs[-1]] > 0):
            if abs(e) > abs(errors[runs[-1]]):
                runs[-1] = i
        else:
            runs.append(i)
    while len(runs) > count:
        runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
    return runs


def remez(f, weight, degree, low, high):
    """Minimises the largest |p(t) - f(t)| weight(t)."""
    count = degree + 2
    place = lambda u: low + (high - low) * (1 - cos(pi * u)) / 2
    points = [place((i + mpf(1) / 2) / count) for i in range(count)]
    dense = [place(mpf(i) / DENSE) for i in range(DENSE + 1)]
    values, weights = [f(t) for t in dense], [weight(t) for t in dense]
    for _ in range(20):
        p, level = solve(f, weight, degree, points)
        errors = [(sum(c * t**k for k, c in enumerate(p)) - y) * w for t, y, w in zip(dense, values, weights)]
        worst = max(abs(e) for e in errors)
        if worst < level * mpf('1.002'):
            break
        found = extrema(errors, count)
        if len(found) < count:
            break
        points = [dense[i] for i in found]
    return p, worst


def near_zero(t):
    return abs(t) < mpf(10)**-12


def exp_rest(r):
    """(e^r - 1 - r) / r^2"""
    return mpf(1) / 2 + r / 6 if near_zero(r) else (expm1(r) - r) / r**2


def exp2_rest(f):
    """(2^f - 1) / f"""
    return log(2) * (1 + f * log(2) / 2) if near_zero(f) else expm1(f * log(2)) / f


def mills(t):
    """(a + 4) e^(a^2/2) Phi(-a), t = (a - 4) / (a + 4)"""
    a = 4 * (1 + t) / (1 - t)
    return (a + 4) * erfc(a / sqrt(mpf(2))) / 2 * exp(a * a / 2)


def relative(f):
    return lambda t: 1 / f(t)


def limit(a):
    return mpf(a - 4) / (a + 4)


HALF_LN2 = log(2) / 2 * mpf('1.0001')
HALF = mpf('0.50001')
TINY = mpf(10)**-6
FITS = [
    # name, function, weight, degree, range, digits of the type
    ('v_exp_near float', exp_rest, lambda r: r * r / exp(r) + TINY, 4, -HALF_LN2, HALF_LN2, 24),
    ('v_exp_near double', exp_rest, lambda r: (abs(r * r / expm1(r)) if r else 0) + TINY, 9, -HALF_LN2, HALF_LN2, 53),
    ('v_exp2m1_near float', exp2_rest, relative(exp2_rest), 5, -HALF, HALF, 24),
    ('v_tanh float, AVX-512', exp2_rest, relative(exp2_rest), 5, mpf(0), mpf('1.0001'), 24),
    ('v_sigmoid_below float, AVX-512', exp2_rest, lambda f: f / mpf(2)**f + TINY, 4, mpf(0), mpf(1), 24),
    ('v_exp2m1_near double', exp2_rest, relative(exp2_rest), 10, -HALF, HALF, 53),
    ('v_mills float', mills, relative(mills), 9, mpf(-1), limit(15), 24),
    ('v_mills double', mills, relative(mills), 22, mpf(-1), limit(39), 53),
]

for name, f, weight, degree, low, high, digits in FITS:
    p, worst = remez(f, weight, degree, low, high)
    print(f'{name}: {nstr(worst * mpf(2)**digits, 4)}')
    for c in p:
        print('   ', ('%.9g' if digits == 24 else '%.17g') % float(c))


# ---- tanh x / x as a quotient of polynomials in y = x^2, least relative error for x <= TANH_LIMIT ----
TANH_LIMIT = 9.02  # above, tanh rounds to 1 as a float
ABOVE = BELOW = 4


def tanh_rest(y):
    return 1 - y / 3 + 2 * y * y / 15 if near_zero(y) else tanh(sqrt(y)) / sqrt(y)


def lawson():
    """Where a nearly best quotient has its extrema, by least squares whose weights grow where the error is large (double precision
    is enough: Remez does the rest), and the denominator there."""
    x = TANH_LIMIT * (1 - numpy.cos(numpy.pi * numpy.linspace(0, 1, 4000))) / 2
    f = numpy.where(x > 1e-6, numpy.tanh(x) / numpy.maximum(x, 1e-300), 1.0)
    basis = numpy.polynomial.chebyshev.chebvander(2 * (x / TANH_LIMIT)**2 - 1, max(ABOVE, BELOW))
    weight, below = numpy.ones_like(f), numpy.ones_like(f)
    best = (numpy.inf, None, None)
    for _ in range(300):
        scale = numpy.sqrt(weight) / (f * numpy.abs(below))
        left = numpy.hstack([basis[:, :ABOVE + 1], -f[:, None] * basis[:, 1:BELOW + 1]]) * scale[:, None]
        solution = numpy.linalg.lstsq(left, f * scale, rcond=None)[0]
        below = 1 + basis[:, 1:BELOW + 1] @ solution[ABOVE + 1:]
        error = basis[:, :ABOVE + 1] @ solution[:ABOVE + 1] / below / f - 1
        worst = numpy.abs(error).max()
        if worst < best[0]:
            best = (worst, error, below / below[0])
        weight *= numpy.sqrt(numpy.abs(error) / worst + 1e-3)
        weight /= weight.mean()
    found = extrema(list(best[1]), ABOVE + BELOW + 2)
    return [mpf(float(x[i]))**2 for i in found], [mpf(float(best[2][i])) for i in found], 1 if best[1][found[0]] > 0 else -1


def quotient():
    """P, Q and the error at the extrema: P = f Q (1 +- E), solved again and again with the Q found before beside E."""
    points, below, sign = lawson()
    size, f = len(points), [tanh_rest(y) for y in points]
    for _ in range(20):
        left, right = matrix(size, size), matrix(size, 1)
        for i, y in enumerate(points):
            for k in range(ABOVE + 1):
                left[i, k] = y**k
            for k in range(1, BELOW + 1):
                left[i, ABOVE + k] = -f[i] * y**k
            left[i, size - 1] = -sign * (-1)**i * f[i] * below[i]
            right[i] = f[i]
        solution = lu_solve(left, right)
        p, q = [solution[k] for k in range(ABOVE + 1)], [mpf(1)] + [solution[ABOVE + k] for k in range(1, BELOW + 1)]
        below = [polyval(q[::-1], y) for y in points]
    return p, q, abs(solution[size - 1])


p, q, level = quotient()
print(f'v_tanh_above float, v_tanh_below float: {nstr(level * mpf(2)**24, 4)}')
for c in p + q:
    print('   ', '%.9g' % float(c))
