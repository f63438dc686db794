"""Countries as senders name them: two letters, three letters, the number of ISO 3166-1, the oval sign, a name.

Source: ISO 3166-1 (https://www.iso.org/obp/ui/#search), as Debian's iso-codes lists it; distinguishing signs: United Nations,
Vienna Convention on Road Traffic, annex 3. Oval signs are read only where a sender uses them: B is Belgium there.

>>> of_code("BEL"), of_code("056"), of_code("be"), of_code("NON"), of_code("F"), of_oval("F"), of_name("België")
('BE', 'BE', 'BE', None, None, 'FR', 'BE')
"""

import unicodedata
from collections.abc import Mapping

from pipeline.gateway.words import remembered
from pipeline.plates.countries import MEANT, is_country

_ISO = """
    ADAND020 AEARE784 AFAFG004 AGATG028 AIAIA660 ALALB008 AMARM051 AOAGO024 AQATA010 ARARG032 ASASM016 ATAUT040
    AUAUS036 AWABW533 AXALA248 AZAZE031 BABIH070 BBBRB052 BDBGD050 BEBEL056 BFBFA854 BGBGR100 BHBHR048 BIBDI108
    BJBEN204 BLBLM652 BMBMU060 BNBRN096 BOBOL068 BQBES535 BRBRA076 BSBHS044 BTBTN064 BVBVT074 BWBWA072 BYBLR112
    BZBLZ084 CACAN124 CCCCK166 CDCOD180 CFCAF140 CGCOG178 CHCHE756 CICIV384 CKCOK184 CLCHL152 CMCMR120 CNCHN156
    COCOL170 CRCRI188 CUCUB192 CVCPV132 CWCUW531 CXCXR162 CYCYP196 CZCZE203 DEDEU276 DJDJI262 DKDNK208 DMDMA212
    DODOM214 DZDZA012 ECECU218 EEEST233 EGEGY818 EHESH732 ERERI232 ESESP724 ETETH231 FIFIN246 FJFJI242 FKFLK238
    FMFSM583 FOFRO234 FRFRA250 GAGAB266 GBGBR826 GDGRD308 GEGEO268 GFGUF254 GGGGY831 GHGHA288 GIGIB292 GLGRL304
    GMGMB270 GNGIN324 GPGLP312 GQGNQ226 GRGRC300 GSSGS239 GTGTM320 GUGUM316 GWGNB624 GYGUY328 HKHKG344 HMHMD334
    HNHND340 HRHRV191 HTHTI332 HUHUN348 IDIDN360 IEIRL372 ILISR376 IMIMN833 ININD356 IOIOT086 IQIRQ368 IRIRN364
    ISISL352 ITITA380 JEJEY832 JMJAM388 JOJOR400 JPJPN392 KEKEN404 KGKGZ417 KHKHM116 KIKIR296 KMCOM174 KNKNA659
    KPPRK408 KRKOR410 KWKWT414 KYCYM136 KZKAZ398 LALAO418 LBLBN422 LCLCA662 LILIE438 LKLKA144 LRLBR430 LSLSO426
    LTLTU440 LULUX442 LVLVA428 LYLBY434 MAMAR504 MCMCO492 MDMDA498 MEMNE499 MFMAF663 MGMDG450 MHMHL584 MKMKD807
    MLMLI466 MMMMR104 MNMNG496 MOMAC446 MPMNP580 MQMTQ474 MRMRT478 MSMSR500 MTMLT470 MUMUS480 MVMDV462 MWMWI454
    MXMEX484 MYMYS458 MZMOZ508 NANAM516 NCNCL540 NENER562 NFNFK574 NGNGA566 NINIC558 NLNLD528 NONOR578 NPNPL524
    NRNRU520 NUNIU570 NZNZL554 OMOMN512 PAPAN591 PEPER604 PFPYF258 PGPNG598 PHPHL608 PKPAK586 PLPOL616 PMSPM666
    PNPCN612 PRPRI630 PSPSE275 PTPRT620 PWPLW585 PYPRY600 QAQAT634 REREU638 ROROU642 RSSRB688 RURUS643 RWRWA646
    SASAU682 SBSLB090 SCSYC690 SDSDN729 SESWE752 SGSGP702 SHSHN654 SISVN705 SJSJM744 SKSVK703 SLSLE694 SMSMR674
    SNSEN686 SOSOM706 SRSUR740 SSSSD728 STSTP678 SVSLV222 SXSXM534 SYSYR760 SZSWZ748 TCTCA796 TDTCD148 TFATF260
    TGTGO768 THTHA764 TJTJK762 TKTKL772 TLTLS626 TMTKM795 TNTUN788 TOTON776 TRTUR792 TTTTO780 TVTUV798 TWTWN158
    TZTZA834 UAUKR804 UGUGA800 UMUMI581 USUSA840 UYURY858 UZUZB860 VAVAT336 VCVCT670 VEVEN862 VGVGB092 VIVIR850
    VNVNM704 VUVUT548 WFWLF876 WSWSM882 YEYEM887 YTMYT175 ZAZAF710 ZMZMB894 ZWZWE716
"""
_BY_THREE: Mapping[str, str] = {row[2:5]: row[:2] for row in _ISO.split()} | {"XKX": "XK", "RKS": "XK"}
_BY_NUMBER: Mapping[str, str] = {row[5:]: row[:2] for row in _ISO.split()}
_OVAL: Mapping[str, str] = dict(
    pair.split(":")
    for pair in [
        "A:AT",
        "AL:AL",
        "AND:AD",
        "B:BE",
        "BG:BG",
        "BIH:BA",
        "BY:BY",
        "CH:CH",
        "CY:CY",
        "CZ:CZ",
        "D:DE",
        "DK:DK",
        "E:ES",
        "EST:EE",
        "F:FR",
        "FIN:FI",
        "FL:LI",
        "GB:GB",
        "GBZ:GI",
        "GE:GE",
        "GR:GR",
        "H:HU",
        "HR:HR",
        "I:IT",
        "IRL:IE",
        "IS:IS",
        "L:LU",
        "LT:LT",
        "LV:LV",
        "M:MT",
        "MA:MA",
        "MC:MC",
        "MD:MD",
        "MK:MK",
        "MNE:ME",
        "N:NO",
        "NL:NL",
        "NMK:MK",
        "P:PT",
        "PL:PL",
        "RKS:XK",
        "RO:RO",
        "RSM:SM",
        "RUS:RU",
        "S:SE",
        "SK:SK",
        "SLO:SI",
        "SRB:RS",
        "TN:TN",
        "TR:TR",
        "UA:UA",
        "UK:GB",
        "V:VA",
        "DZ:DZ",
        "KZ:KZ",
        "ARM:AM",
        "AZ:AZ",
        "USA:US",
    ]
)
_NAMES: Mapping[str, str] = {
    "AT": "austria oostenrijk autriche osterreich",
    "BE": "belgium belgie belgique belgien",
    "BG": "bulgaria bulgarije bulgarie bulgarien",
    "CH": "switzerland zwitserland suisse schweiz",
    "CZ": "czechia czechrepublic tsjechie tchequie tschechien",
    "DE": "germany duitsland allemagne deutschland",
    "DK": "denmark denemarken danemark danmark",
    "EE": "estonia estland estonie",
    "ES": "spain spanje espagne spanien espana",
    "FI": "finland finlande finnland suomi",
    "FR": "france frankrijk frankreich",
    "GB": "unitedkingdom greatbritain verenigdkoninkrijk royaumeuni grossbritannien",
    "GR": "greece griekenland grece griechenland",
    "HR": "croatia kroatie croatie kroatien hrvatska",
    "HU": "hungary hongarije hongrie ungarn magyarorszag",
    "IE": "ireland ierland irlande irland",
    "IT": "italy italie italien italia",
    "LT": "lithuania litouwen lituanie litauen lietuva",
    "LU": "luxembourg luxemburg",
    "LV": "latvia letland lettonie lettland latvija",
    "MT": "malta malte",
    "NL": "netherlands thenetherlands nederland paysbas niederlande holland",
    "NO": "norway noorwegen norvege norwegen norge",
    "PL": "poland polen pologne polska",
    "PT": "portugal",
    "RO": "romania roemenie roumanie rumanien",
    "RS": "serbia servie serbie serbien srbija",
    "SE": "sweden zweden suede schweden sverige",
    "SI": "slovenia slovenie slowenien slovenija",
    "SK": "slovakia slowakije slovaquie slowakei slovensko",
    "TR": "turkey turkiye turkije turquie turkei",
    "UA": "ukraine oekraine",
    "RU": "russia rusland russie russland",
    "KZ": "kazakhstan kazachstan kasachstan",
}
_BY_NAME = {name: code for code, names in _NAMES.items() for name in names.split()}


@remembered
def of_code(text: str) -> str | None:
    """The country of an ISO 3166-1 code of two letters, three letters or three digits; None for all else."""
    word = text.strip().upper()
    if len(word) == 2 and word.isalpha():
        word = MEANT.get(word, word)
        return word if is_country(word) else None
    return _BY_THREE.get(word) or _BY_NUMBER.get(word)


def of_oval(text: str) -> str | None:
    """The country of an oval sign; None for any other text."""
    return _OVAL.get(text.strip().upper())


@remembered
def of_name(text: str) -> str | None:
    """The country of a name in English, Dutch, French, German or its own language; None for any other text."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _BY_NAME.get("".join(character for character in plain if character.isascii() and character.isalpha()))


@remembered
def of_any(text: str) -> str | None:
    """The country of a code or a name, from a sender that does not use oval signs; None for any other text."""
    return of_code(text) or of_name(text)


def of_oval_or_any(text: str) -> str | None:
    """The country of an oval sign, a code or a name, from a sender that uses oval signs: an oval sign is tried before a code
    of two letters. None for any other text."""
    return of_oval(text) or of_any(text)


def of_region(text: str) -> str | None:
    """The country of a region as engines write it: be, eu-be, us-ca; eu alone is none.

    >>> of_region("eu-be"), of_region("us-ca"), of_region("be"), of_region("eu"), of_region("")
    ('BE', 'US', 'BE', None, None)
    """
    head, _, tail = text.strip().lower().partition("-")
    return of_code(tail if head == "eu" else head) if len(head) == 2 or len(head) == 3 else None
