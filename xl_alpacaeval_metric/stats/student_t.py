"""Student's t distribution: its two-sided p-values and its quantiles, without scipy."""

from functools import lru_cache
from math import exp, inf, lgamma, log

_TINY = 1e-300
_STEPS = 10_000


def two_sided_p(t: float, degrees: float) -> float:
    """The probability that |T| is at least |t|, for T with so many degrees of freedom.

    I_x(degrees / 2, 1 / 2) at x = degrees / (degrees + t^2): Abramowitz & Stegun 1964, 26.7.1.
    """
    x = degrees / (degrees + t * t)
    return _incomplete_beta(x, degrees / 2, 0.5)


@lru_cache(maxsize=4096)
def critical_value(degrees: float, confidence: float) -> float:
    """The t that |T| stays below with this probability; infinite for no degrees of freedom."""
    if degrees <= 0:
        return inf
    low, high = 0.0, 2.0
    while two_sided_p(high, degrees) > 1 - confidence:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if two_sided_p(middle, degrees) > 1 - confidence else (low, middle)
    return high


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction.

    Abramowitz & Stegun 1964, 26.5.8; it converges fast below the mean, and I_x(a, b) is
    1 - I_(1-x)(b, a) above it.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(1.0 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    c, d = 1.0, 1.0 / (_not_zero(1.0 - (a + b) * x / (a + 1)))
    fraction = d
    for m in range(1, _STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _not_zero(1.0 + numerator * d)
            c = _not_zero(1.0 + numerator / c)
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * fraction


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
