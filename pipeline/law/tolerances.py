"""What each country takes off a measured speed before it speaks of a violation.

The figures are what the countries' authorities publish as their practice; a country without a rule here has no section control.
Belgium's instruments fall under the royal decree of 12 October 2010 on instruments that watch over the traffic law (annex 2:
speed meters, average speed included); the Dutch ones under the Regeling meetmiddelen politie.

>>> corrected_kmh(RULES["BE"], Fraction(128)), corrected_kmh(RULES["BE"], Fraction(129)), corrected_kmh(RULES["BE"], Fraction(93))
(120, 121, 87)
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from types import MappingProxyType

FROM_KMH = 100  # up to here a fixed number of km/h comes off, above it the same number as a percentage


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceRule:
    """One country's correction. subtract: km/h up to 100 km/h measured, per cent above.

    excess_kmh: the least number of km/h over the limit, after correction, that is a violation, for limits up to
    excess_up_to_limit_kmh; above that, and everywhere else, it is 1.
    """

    country: str
    subtract: int
    excess_kmh: int = 1
    excess_up_to_limit_kmh: int = 0

    def least_excess_kmh(self, limit_kmh: int) -> int:
        """The least number of km/h over this limit, after correction, that is a violation."""
        return self.excess_kmh if limit_kmh <= self.excess_up_to_limit_kmh else 1

    @property
    def in_words(self) -> str:
        """The rule as it is written into the evidence."""
        words = (
            f"{self.country}: measured speed rounded down to whole km/h, less {self.subtract} km/h up to {FROM_KMH} km/h, "
            f"less {self.subtract} % above, rounded down"
        )
        if self.excess_kmh > 1:
            words += f"; from {self.excess_kmh} km/h over limits up to {self.excess_up_to_limit_kmh} km/h"
        return words


RULES = MappingProxyType({
    rule.country: rule
    for rule in (
        ToleranceRule(country="BE", subtract=6),  # what Belgian police and prosecutors take off before a fine
        ToleranceRule(country="NL", subtract=3, excess_kmh=4, excess_up_to_limit_kmh=120),  # public prosecutor's practice
        ToleranceRule(country="FR", subtract=5),  # margin of fixed instruments, as Sécurité routière publishes it
        ToleranceRule(country="DE", subtract=3),  # Verkehrsfehlergrenze of stationary instruments
    )
})  # fmt: skip


def rule_of(country: str) -> ToleranceRule | None:
    """The rule of a country (ISO 3166-1 alpha-2), or None."""
    return RULES.get(country)


def corrected_kmh(rule: ToleranceRule, measured_kmh: Fraction) -> int:
    """Whole km/h that the driver is held to have driven at least: rounded down before and after the correction, never below 0."""
    whole_kmh = floor(measured_kmh)
    if whole_kmh <= FROM_KMH:
        return max(0, whole_kmh - rule.subtract)
    return whole_kmh * (100 - rule.subtract) // 100
