"""The arithmetic of a till: whole minor units in, whole minor units out, never a float."""

from collections.abc import Sequence
from decimal import Decimal

EXPONENTS = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0, "KWD": 3}


def divide_half_even(numerator: int, denominator: int) -> int:
    """The quotient rounded half to even; `denominator` is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


def included_tax(total_minor: int, percent: int) -> int:
    """The tax inside a price that already contains it."""
    return divide_half_even(total_minor * percent, 100 + percent)


def apportion(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Shares of an amount in proportion to the weights; they sum to the amount exactly.

    The minor units left over by rounding down go to the largest remainders, first come first served.
    """
    whole = sum(weights)
    shares = [amount_minor * weight // whole for weight in weights]
    missing = amount_minor - sum(shares)
    if missing:
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount_minor * weights[i] % whole), i))
        for position in by_remainder[:missing]:
            shares[position] += 1
    return shares


def as_decimal(minor: int, currency: str) -> Decimal:
    """Minor units as an amount of money, with exactly the currency's decimals."""
    return Decimal(minor).scaleb(-EXPONENTS[currency])
