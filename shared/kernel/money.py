"""Money in integer minor units of an ISO 4217 currency; never a float, never two currencies."""

from dataclasses import dataclass

from babel.core import get_global
from babel.numbers import get_currency_precision


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies cannot be added or compared."""


def exponent(currency: str) -> int:
    """Digits after the point by the ISO 4217 table: EUR 2, JPY 0. ValueError when unknown."""
    if currency not in get_global("all_currencies"):
        raise ValueError(f"{currency!r} is not an ISO 4217 currency")
    return get_currency_precision(currency)


@dataclass(frozen=True, slots=True)
class Money:
    """amount_minor whole minor units (cents, Rappen) of currency (three capital letters)."""

    amount_minor: int
    currency: str

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        self._must_match(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._must_match(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __le__(self, other: "Money") -> bool:
        self._must_match(other)
        return self.amount_minor <= other.amount_minor

    def __lt__(self, other: "Money") -> bool:
        self._must_match(other)
        return self.amount_minor < other.amount_minor

    def times(self, numerator: int, denominator: int) -> "Money":
        """amount x numerator / denominator, rounded half up to a whole minor unit.

        Half up (away from zero for positive amounts) is the commercial rule of DIN 1333.
        """
        product = self.amount_minor * numerator * 2 + denominator
        return Money(product // (2 * denominator), self.currency)

    def _must_match(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
