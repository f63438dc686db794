"""Compact texts that two vehicles of one country may carry: Germany tells B-MW 555 from BM-W 555 by the seal between the groups.

The districts are those of the Fahrzeug-Zulassungsverordnung, annex 1, as far as they are known here, those given out again since
2012 included. A text is shared when it can be divided after more than one of them.

>>> written("BMW555", "DE"), written("BAB1234", "DE"), written("1ABC234", "BE")
(('B-MW 555', 'BM-W 555'), ('B-AB 1234', 'BA-B 1234'), ())
"""

import re
from functools import lru_cache

COUNTRY = "DE"
"""The one country, of those known here, in which two different plates can have the same compact text."""
_DISTRICTS = frozenset(
    """
    A AA AB ABG ABI AC AE AH AIB AIC AK ALF ALZ AM AN ANA ANG ANK AÖ AP APD ARN ART AS ASL ASZ AT AU AUR AW AZ AZE
    B BA BAD BAR BB BBG BBL BC BCH BD BE BED BEI BEL BER BF BGD BGL BH BI BID BIN BIR BIT BIW BK BKS BL BLB BLK BM BN BNA BO BOG
    BOH BOR BOT BP BR BRA BRB BRG BRI BRK BRL BRV BS BSB BSK BT BTF BÜD BUL BÜR BÜS BÜZ BW BWL BYL BZ BZA
    C CA CAS CB CE CHA CLP CLZ CO COC COE CR CUX CW
    D DA DAH DAN DAU DB DBR DD DE DEG DEL DGF DH DI DIL DIN DIZ DKB DL DLG DM DN DO DON DU DUD DÜW DW DZ
    E EA EB EBE EBN EBS ECK ED EE EF EG EH EI EIC EIL EIN EIS EL EM EMD EMS EN ER ERB ERH ERK ERZ ES ESB ESW EU EUT EW
    F FB FD FDB FDS FEU FF FFB FG FI FKB FL FLÖ FN FO FOR FR FRG FRI FRW FS FT FTL FÜ FÜS FW FZ
    G GA GAN GAP GC GD GDB GE GEL GEM GEO GER GF GG GHA GHC GI GK GL GLA GM GMN GN GNT GÖ GOA GOH GP GR GRA GRH GRI GRM GRZ GS GT
    GTH GÜ GUB GUN GV GVM GW GZ
    H HA HAB HAL HAM HAS HB HBN HBS HC HCH HD HDH HDL HE HEB HEF HEI HEL HER HET HF HG HGN HGW HH HHM HI HIG HIP HK HL HM HMÜ HN HO
    HOG HOH HOL HOM HOR HÖS HOT HP HR HRO HS HSK HST HU HV HVL HWI HX HY HZ
    IGB IK IL ILL IN IZ JB JE JL JÜL
    K KA KAR KB KC KE KEH KEL KEM KF KG KH KI KIB KK KL KLE KLZ KM KN KO KÖN KÖT KÖZ KR KRU KS KT KU KÜN KUS KW KY KYF
    L LA LAN LAU LB LBS LBZ LC LD LDK LDS LEO LER LEV LF LG LH LI LIB LIF LIP LL LM LN LÖ LÖB LOS LP LR LRO LSA LSN LSZ LU LÜN LUP
    LWL
    M MA MAB MAI MAK MAL MB MC MD ME MED MEG MEI MEK MEL MER MET MG MGH MGN MH MHL MI MIL MK MKK ML MM MN MO MOD MOL MON MOS MQ MR
    MS MSE MSH MSP MST MTK MTL MÜ MÜB MÜR MVL MW MY MYK MZ MZG
    N NAB NAI NAU NB ND NDH NE NEA NEB NEC NEN NES NEW NF NH NI NK NL NM NMB NMS NÖ NOH NOL NOM NOR NP NR NRW NT NU NVP NW NWM NY NZ
    OA OAL OB OBB OBG OC OCH OD OE OF OG OH OHA ÖHR OHV OHZ OK OL OP OPR OR OS OSL OTW OVI OVL OVP OZ
    P PA PAF PAN PAR PB PCH PE PEG PF PI PIR PL PLÖ PM PN PR PRÜ PS PW PZ
    QFT QLB
    R RA RC RD RDG RE REG REH REI RG RH RI RID RIE RL RM RN RO ROD ROF ROH ROK ROL ROS ROT ROW RP RPL RS RSL RT RU RÜD RÜG RV RW RZ
    S SAB SAD SAL SAN SAW SB SBG SBK SC SCZ SDH SDL SDT SE SEB SEE SEF SEL SFB SFT SG SGH SH SHA SHG SHK SHL SI SIG SIM SK SL SLE
    SLF SLG SLK SLN SLS SLÜ SLZ SM SMÜ SN SO SOB SOG SOK SÖM SON SP SPB SPN SR SRB SRO ST STA STB STD STE STL STO SU SUL SÜW SW SWA
    SY SZ SZB
    TBB TDO TE TET TF TG THL THW TIR TO TÖL TP TR TS TT TÜ TUT UE UEM UFF UH UL UM UN USI
    V VAI VB VEC VER VG VIB VIE VIT VK VOH VR VS W WA WAF WAK WAN WAR WAT WB WBS WDA WE WEB WEL WEN WER WES WF WG WHV WI WIL WIS WIT
    WIZ WK WL WLG WM WMS WN WND WO WOB WOH WOL WOR WOS WR WRN WS WSF WST WSW WT WTL WTM WÜ WUG WUN WUR WW WZ WZL X XH
    Z ZE ZEL ZI ZIG ZP ZR ZW ZZ
    """.translate(str.maketrans("ÄÖÜ", "AOU")).split()
)
_TEXT = re.compile(r"([A-Z]{2,5})([1-9][0-9]{0,3}[EH]?)")
_LONGEST = 8


@lru_cache(maxsize=4096)
def written(text: str, country: str | None) -> tuple[str, ...]:
    """The ways in which the country writes plates with this compact text, if there are several (German texts alone); empty
    otherwise. country None: nobody knows it, so the vehicle may be a German one.

    >>> written("MA123", "DE"), written("XYZ123", None), written("BMW555", "NL"), written("BMW555", None)
    ((), (), (), ('B-MW 555', 'BM-W 555'))
    """
    found = _TEXT.fullmatch(text) if country in (None, COUNTRY) and len(text) <= _LONGEST else None
    if found is None:
        return ()
    letters, digits = found.groups()
    ways = tuple(
        f"{letters[:at]}-{letters[at:]} {digits}"
        for at in (1, 2, 3)
        if letters[:at] in _DISTRICTS and 1 <= len(letters) - at <= 2
    )
    return ways if len(ways) > 1 else ()
