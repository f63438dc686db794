"""The offences that entries and policies name as category, with synonyms. Case and blanks do not matter.

The names follow the list of article 2(2) of Framework Decision 2002/584/JHA on the European arrest warrant
(https://eur-lex.europa.eu/eli/dec_framw/2002/584/oj) where it has the offence, in the short words that desks use.

>>> offence_of(" Ram-Raid "), offence_of("Vol à main armée"), offence_of("double parking")
('ram raid', 'robbery', None)
>>> same_offence("THEFT", "vol"), same_offence("double  parking", "Double Parking"), same_offence("theft", "robbery")
(True, True, False)
"""

from collections.abc import Mapping
from functools import lru_cache

from pipeline.law.words import folded

OFFENCES: Mapping[str, tuple[str, ...]] = {
    "robbery": ("armed robbery", "vol a main armee", "vol avec violence", "diefstal met geweld", "overval", "raub"),
    "theft": ("vehicle theft", "car theft", "stolen", "stolen vehicle", "vol", "vol de vehicule", "diefstal", "diebstahl"),
    "burglary": ("cambriolage", "inbraak", "einbruch"),
    "carjacking": ("car jacking", "home jacking", "homejacking"),
    "kidnapping": ("abduction", "child abduction", "hostage taking", "enlevement", "ontvoering", "entfuhrung"),
    "homicide": ("murder", "manslaughter", "meurtre", "assassinat", "moord", "doodslag", "mord"),
    "assault": ("grievous bodily injury", "coups et blessures", "slagen en verwondingen", "korperverletzung"),
    "sexual offence": ("rape", "viol", "verkrachting", "vergewaltigung"),
    "ram raid": ("ramraid", "ram raiding", "ramkraak", "vol a la voiture belier"),
    "explosion attack": ("cash machine attack", "atm attack", "plofkraak", "attaque a l'explosif"),
    "terrorism": ("terrorisme", "terrorismus"),
    "organised crime": ("organized crime", "criminal organisation", "organisation criminelle", "criminele organisatie"),
    "drug trafficking": ("drugs", "narcotics", "trafic de stupefiants", "drugshandel", "drogenhandel"),
    "human trafficking": ("trafficking in human beings", "traite des etres humains", "mensenhandel", "menschenhandel"),
    "people smuggling": ("migrant smuggling", "trafic d'etres humains", "mensensmokkel", "schleusung"),
    "arms trafficking": ("weapons", "trafic d'armes", "wapenhandel", "waffenhandel"),
    "arson": ("incendie volontaire", "brandstichting", "brandstiftung"),
    "fraud": ("swindling", "fraude", "escroquerie", "oplichting", "betrug"),
    "plate cloning": ("cloned plate", "copied plate", "false plate", "fausse plaque", "valse nummerplaat"),
    "fuel theft": ("drive off", "vol de carburant", "brandstofdiefstal", "tankbetrug"),
    "hit and run": ("delit de fuite", "vluchtmisdrijf", "fahrerflucht"),
    "missing person": ("missing", "personne disparue", "disparition inquietante", "vermiste persoon", "vermisst"),
    "discreet check": ("discreet surveillance", "controle discret", "discrete controle"),
    "specific check": ("specific surveillance", "controle specifique", "gerichte controle"),
    "wanted person": ("arrest warrant", "fugitive", "personne recherchee", "gezochte persoon"),
    "uninsured": ("no insurance", "non assure", "defaut d'assurance", "onverzekerd", "nicht versichert"),
    "inspection lapsed": ("no inspection", "controle technique", "niet gekeurd", "hauptuntersuchung"),
    "disqualified driver": ("decheance du droit de conduire", "rijverbod", "fahrverbot"),
    "watch": ("observation", "attention", "aandacht"),
}  # fmt: skip
"""Each offence with other words for it, without accents."""


_KNOWN = {folded(word): name for name, others in OFFENCES.items() for word in (name, *others)}


@lru_cache(maxsize=4096)
def offence_of(category: str) -> str | None:
    """The offence in the list that a category names, also by a synonym; None when the list has none."""
    return _KNOWN.get(folded(category))


def same_offence(one: str, other: str) -> bool:
    """Whether two categories name the same offence of the list, or, where neither is in the list, are the same
    text but for case, accents and blanks."""
    return (offence_of(one) or folded(one)) == (offence_of(other) or folded(other))
