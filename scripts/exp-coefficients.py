#!/usr/bin/env python3
"""The numbers behind Sources/ChurnKernelBaseline/Exponential.swift, from the standard library alone.

exp(r) = 1 + r + r^2 Q(r) for |r| <= ln(2)/2, with Q of degree 9. Q minimises the largest relative error of
exp(r) (Remez' second algorithm on w(r) Q(r) - w(r) f(r), f = (e^r - 1 - r) / r^2, w = r^2 / e^r, in 60 digits).

    scripts/exp-coefficients.py                  print the constants and the error before and after rounding
    scripts/exp-coefficients.py --check          fail unless Exponential.swift holds these very constants
    scripts/exp-coefficients.py --table > FILE   the table of Tests/Fixtures/exp_reference.txt
"""
import argparse
import pathlib
import random
import struct
import sys
from decimal import Decimal, getcontext

getcontext().prec = 60
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "Sources/ChurnKernelBaseline/Exponential.swift"
DEGREE = 9
LN2 = Decimal(2).ln()
# A little more than ln(2)/2: the rounding of x * log2(e) may pick the neighbouring multiple of ln 2.
REACH = LN2 / 2 * (1 + Decimal("1e-6"))


def f(r):
    if abs(r) < Decimal("1e-9"):  # the quotient cancels there
        return horner([1 / factorial(i + 2) for i in range(8)], r)
    return (r.exp() - 1 - r) / (r * r)


def factorial(n):
    out = Decimal(1)
    for i in range(2, n + 1):
        out *= i
    return out


def horner(c, r):
    out = Decimal(0)
    for a in reversed(c):
        out = out * r + a
    return out


def relative_error(c, r):
    return r * r * (horner(c, r) - f(r)) / r.exp()


def solve(rows):
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, n):
            m = rows[k][i] / rows[i][i]
            rows[k] = [a - m * b for a, b in zip(rows[k], rows[i])]
    x = [Decimal(0)] * n
    for i in reversed(range(n)):
        x[i] = (rows[i][n] - sum(rows[i][j] * x[j] for j in range(i + 1, n))) / rows[i][i]
    return x


def cosine_nodes(n):
    # Starting points only: accuracy of a float is plenty. An even count keeps them off r = 0, where w = 0.
    import math

    return [REACH * Decimal(math.cos(math.pi * (2 * i + 1) / (2 * n))) for i in range(n)][::-1]


def extrema(c, count):
    grid = [REACH * (2 * Decimal(i) / 2000 - 1) for i in range(2001)]
    errors = [relative_error(c, r) for r in grid]
    found = []  # the largest |error| of each run of one sign
    for r, e in zip(grid, errors):
        if found and (found[-1][1] < 0) == (e < 0):
            if abs(e) > abs(found[-1][1]):
                found[-1] = (r, e)
        else:
            found.append((r, e))
    while len(found) > count:  # drop the weaker end
        found.pop(0 if abs(found[0][1]) < abs(found[-1][1]) else -1)
    return [r for r, _ in found]


def remez():
    count = DEGREE + 2
    nodes = cosine_nodes(count)
    if count % 2:
        nodes = [r + REACH / 50 for r in nodes[:-1]] + nodes[-1:]
    c = []
    for _ in range(12):
        rows = []
        for i, r in enumerate(nodes):
            w = r * r / r.exp()
            rows.append([w * r**j for j in range(DEGREE + 1)] + [Decimal((-1) ** i), w * f(r)])
        c = solve(rows)[:-1]
        turned = extrema(c, count)
        if len(turned) < count:
            break
        nodes = turned
    return c


def to_double(d):
    return float(str(d))  # correctly rounded


def largest_error(c):
    return max(abs(relative_error(c, REACH * (Decimal(i) / 1000 - 1))) for i in range(2001))


def constants():
    exact = remez()
    rounded = [to_double(a) for a in exact]
    # ln 2 in two parts: 32 leading bits, so that n * high is exact for |n| < 2^21, and the rest.
    high = float(int(LN2 * 2**32)) / 2**32
    low = to_double(LN2 - Decimal(high))
    lines = [("log2e", to_double(1 / LN2)), ("ln2High", high), ("ln2Low", low)]
    lines += [(f"c{i + 2}", a) for i, a in enumerate(rounded)]
    return exact, rounded, lines


def literal(value):
    mantissa, exponent = value.hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{int(exponent)}"


def bits(value):
    return struct.unpack(">Q", struct.pack(">d", value))[0]


def table():
    rng = random.Random(20111209)
    points = [0.0, -0.0, 1.0, -1.0, 709.782712893384, 709.7827128933841, -708.3964185322641, -745.1332191019411]
    points += [-745.1332191019412, -745.13321910194123, 710.0, -746.0, 5e-324, -5e-324, 2.0**-54, -(2.0**-54)]
    for reach in (1e-8, 1.0, 8.0, 40.0, 709.0):
        points += [rng.uniform(-reach, reach) for _ in range(200)]
    points += [rng.uniform(-745.2, -708.0) for _ in range(200)]  # subnormal results
    points += [(i + 0.5) * 0.6931471805599453 for i in range(-1074, 1024, 9)]  # ends of the reduced interval
    print("# x and exp(x) rounded to the nearest double, as bit patterns; made by scripts/exp-coefficients.py --table")
    top = Decimal(2) ** 1024
    for x in points:
        y = Decimal(x).exp()
        print(f"{bits(x):016x} {bits(float('inf') if y >= top else to_double(y)):016x}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        return table()
    exact, rounded, lines = constants()
    if arguments.check:
        text = SOURCE.read_text()
        missing = [name for name, value in lines if f"{name}: Double {{ {literal(value)} }}" not in text]
        if missing:
            sys.exit(f"{SOURCE}: not the constants of this script: {', '.join(missing)}; paste its output")
        return print(f"{SOURCE.name}: {len(lines)} constants as computed")
    for name, value in lines:
        print(f"    @inline(__always) static var {name}: Double {{ {literal(value)} }}")
    print(f"largest relative error: exact {largest_error(exact):.3e}, rounded "
          f"{largest_error([Decimal(a) for a in rounded]):.3e} (2^-53 = 1.11e-16)")


main()
