"""The demo's hotlist, with one entry of each kind, and the policies for forwarding to the neighbours.

Every plate is made up. No two entries are alike, so a read matches one of them or none.
"""

from pipeline.hotlist.entries import covert_mark
from schemas.reference import HotlistEntry, Policy

_WANTED = "Code of criminal procedure, art. 44/11/3"
_SIS = "Regulation (EU) 2018/1862, art. 36"
_STOLEN = "Regulation (EU) 2018/1862, art. 38"
_INSURANCE = "Act of 21 November 1989, art. 2"
_INSPECTION = "Royal decree of 15 March 1968, art. 23"
_LOCAL = "Police function act, art. 44/2"
_2020, _2024, _2090 = 1_577_836_800_000, 1_704_067_200_000, 3_786_912_000_000

_FEDERAL = "Federal judicial police"
_SIRENE = "SIRENE bureau"
_VEHICLES = "Vehicle crime unit"
_NORTH = "Police zone Brussels North"
_BORDER = "Police zone Val de l'Escaut"
_MOBILITY = "Mobility inspectorate"

HOTLIST: tuple[HotlistEntry, ...] = (
    # wanted, and stays at home
    HotlistEntry(entry_id="NW-0001", plate="5KBD806", country="BE", hotlist="national_wanted", category="kidnapping",
                 priority="urgent", action="stop", owner=_FEDERAL, legal_basis=_WANTED, case_reference="FJP-2201"),
    HotlistEntry(entry_id="NW-0002", plate="4XRV377", country="BE", hotlist="national_wanted", category="homicide",
                 priority="urgent", action="stop", owner=_FEDERAL, legal_basis=_WANTED, case_reference="FJP-2207"),
    HotlistEntry(entry_id="NW-0003", plate="MKLF9042", country="DE", hotlist="national_wanted", category="robbery",
                 priority="high", action="stop", owner=_FEDERAL, legal_basis=_WANTED, case_reference="FJP-2213"),
    # shared with France, Luxembourg, the Netherlands
    HotlistEntry(entry_id="NW-FR-01", plate="3HPC915", country="BE", hotlist="national_wanted", category="robbery",
                 priority="urgent", action="stop", owner=_FEDERAL, legal_basis=_WANTED, share_with=("FR",),
                 case_reference="FJP-2219"),
    HotlistEntry(entry_id="ST-FR-01", plate="FZ418QT", country="FR", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN, share_with=("FR",), case_reference="VCU-0417"),
    HotlistEntry(entry_id="ST-FR-02", plate="6YJW264", country="BE", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN, share_with=("FR",)),  # no case: never to France
    HotlistEntry(entry_id="SIS-NL-01", plate="RG572X", country="NL", hotlist="sis", category="theft", priority="high",
                 action="stop", owner=_SIRENE, legal_basis=_STOLEN, share_with=("NL", "LU"), case_reference="SB-1184"),
    HotlistEntry(entry_id="ST-NL-02", plate="2TNK653", country="BE", hotlist="stolen", category="theft", priority="normal",
                 action="report", owner=_VEHICLES, legal_basis=_STOLEN, share_with=("NL",), case_reference="VCU-0422"),
    HotlistEntry(entry_id="ST-LU-01", plate="XC3946", country="LU", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN, share_with=("LU",), case_reference="VCU-0431"),
    HotlistEntry(entry_id="AH-FR-01", plate="7PWE442", country="BE", hotlist="ad_hoc", category="watch", owner=_BORDER,
                 legal_basis=_LOCAL, share_with=("FR",), case_reference="PZ-0071"),  # a list that no policy names
    # covert: its owner alone sees the hits
    HotlistEntry(entry_id=f"{covert_mark(_SIRENE)}1", plate="1VFX739", country="BE", hotlist="sis",
                 category="discreet check",
                 priority="high", action="observe", owner=_SIRENE, legal_basis=_SIS, covert=True, case_reference="SB-1190"),
    # also one edit away; by pattern; in force no more; not yet; in one zone; at one camera
    HotlistEntry(entry_id="ST-NEAR-1", plate="8RTN574", country="BE", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN, near=True, case_reference="VCU-0440"),
    HotlistEntry(entry_id="NW-PAT-1", plate="4GKX?7?", hotlist="national_wanted", category="ram raid", priority="normal",
                 action="observe", owner=_FEDERAL, legal_basis=_WANTED, case_reference="FJP-2230"),
    HotlistEntry(entry_id="ST-OLD-1", plate="3WMY218", country="BE", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN, valid_from_ms=_2020, valid_until_ms=_2024),
    HotlistEntry(entry_id="AH-SOON-1", plate="5CFT961", country="BE", hotlist="ad_hoc", category="watch", owner=_NORTH,
                 legal_basis=_LOCAL, valid_from_ms=_2090),
    HotlistEntry(entry_id="AH-LEZ-1", plate="6AKR385", country="BE", hotlist="ad_hoc", category="watch", owner=_NORTH,
                 legal_basis=_LOCAL, zones=("lez-brussels",)),
    HotlistEntry(entry_id="AH-EST-1", plate="1HTV593", country="BE", hotlist="ad_hoc", category="watch", owner=_BORDER,
                 legal_basis=_LOCAL, cameras=("EST-01",)),
    # what makes up most of a real list
    HotlistEntry(entry_id="ST-0101", plate="WJ804KF", country="FR", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN),
    HotlistEntry(entry_id="ST-0102", plate="KT63WXR", country="GB", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN),
    HotlistEntry(entry_id="ST-0103", plate="OLIFANT", country="BE", hotlist="stolen", category="theft", priority="high",
                 action="stop", owner=_VEHICLES, legal_basis=_STOLEN),
    HotlistEntry(entry_id="NI-0201", plate="2FRX490", country="BE", hotlist="no_insurance", category="uninsured",
                 priority="low", owner=_MOBILITY, legal_basis=_INSURANCE),
    HotlistEntry(entry_id="NI-0202", plate="7HNY856", country="BE", hotlist="no_insurance", category="uninsured",
                 priority="low", owner=_MOBILITY, legal_basis=_INSURANCE),
    HotlistEntry(entry_id="NI-0203", plate="5TMJ129", country="BE", hotlist="no_insurance", category="uninsured",
                 priority="normal", owner=_MOBILITY, legal_basis=_INSURANCE),
    HotlistEntry(entry_id="NT-0301", plate="1WKV684", country="BE", hotlist="no_inspection", category="inspection lapsed",
                 priority="low", owner=_MOBILITY, legal_basis=_INSPECTION),
    HotlistEntry(entry_id="NT-0302", plate="3PXC507", country="BE", hotlist="no_inspection", category="inspection lapsed",
                 priority="low", owner=_MOBILITY, legal_basis=_INSPECTION),
)  # fmt: skip

_TREATY = "Benelux police treaty of 23 July 2018, art. 13"
_CONTACT = "Single point of contact for international police cooperation"
POLICIES: tuple[Policy, ...] = (
    Policy(policy_id="to-fr", country="FR", lists=("national_wanted", "stolen"), per_case=True,
           legal_basis="Tournai agreement of 18 March 2013, art. 5", purpose="prevention and detection of crime",
           zones=("border-fr",), directions=("outbound",), contact=_CONTACT),
    Policy(policy_id="to-nl", country="NL", lists=("national_wanted", "stolen"), legal_basis=_TREATY,
           purpose="prevention and detection of crime", zones=("border-nl",), directions=("outbound",), contact=_CONTACT),
    Policy(policy_id="to-lu", country="LU", lists=("national_wanted", "stolen"), legal_basis=_TREATY,
           purpose="prevention and detection of crime", zones=("border-lu",), directions=("outbound",), contact=_CONTACT),
    # what came from the Schengen Information System goes through the SIRENE bureaux alone
    *(Policy(policy_id=f"sirene-{country.lower()}", country=country, lists=("sis",), channel="sirene", legal_basis=_STOLEN,
             purpose="prevention and detection of crime", zones=(f"border-{country.lower()}",), directions=("outbound",),
             per_case=country == "FR", contact=_SIRENE) for country in ("FR", "NL", "LU")),
)  # fmt: skip
