"""Country codes: ISO 3166-1 alpha-2, as of 2024. Source: https://www.iso.org/obp/ui/#search (249 officially assigned codes).

>>> is_country("GB"), is_country("UK"), is_country("XX")
(True, False, False)
"""

from collections.abc import Mapping

_CODES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
    GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
    VN VU WF WS YE YT ZA ZM ZW
"""
ISO_3166_1 = frozenset(_CODES.split())
USED_BESIDE = frozenset({"XK"})
"""Kosovo: user-assigned in ISO 3166-1, used by the European Union."""
MEANT: Mapping[str, str] = {"UK": "GB", "EL": "GR"}
"""Codes that the European Union writes in texts, and the ISO code of the same country."""


def is_country(code: str) -> bool:
    """Whether the text is an ISO 3166-1 alpha-2 code, in capitals, or XK (Kosovo), which is used beside them."""
    return code in ISO_3166_1 or code in USED_BESIDE


def country_fault(code: str) -> str | None:
    """Why a text is not a country's code, with the cure; None when it is one.

    >>> country_fault("UK")
    'UK is no ISO 3166-1 code; write GB'
    """
    if is_country(code):
        return None
    meant = MEANT.get(code)
    return f"{code} is no ISO 3166-1 code; write {meant}" if meant else f"{code} is no ISO 3166-1 code of a country"
