"""What people call the columns of a list in Dutch, French, German and English, where it can mean nothing else.

What may mean two things is refused with both: the owner of a vehicle is not who keeps its entry (owner), a number may be the
line's, and an expiry date that of an insurance.
"""

import unicodedata
from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "entry_id": "id, identifier, identifiant, entry number",
    "plate": (
        "license plate, licence plate, number plate, plate number, license plate number, licence plate number, registration number,"
        " registration mark, VRM,"
        " plaque, plaque d'immatriculation, plaque immatriculation, num\u00e9ro de plaque, immatriculation,"
        " num\u00e9ro d'immatriculation, n\u00b0 d'immatriculation, n\u00b0 immatriculation, n\u00b0 plaque, n\u00b0 de plaque,"
        " nummerplaat, kenteken, kentekenplaat, kentekennummer, inschrijvingsnummer,"
        " Kennzeichen, Kfz-Kennzeichen, amtliches Kennzeichen, Nummernschild, Kontrollschild"
    ),
    "country": "country code, land, landcode, pays, code pays, L\u00e4ndercode, Laendercode",
    "category": "categorie, cat\u00e9gorie, Kategorie",
    "priority": "prioriteit, priorit\u00e9, Priorit\u00e4t, Prioritaet",
    "legal_basis": (
        "rechtsgrond, rechtsgrondslag, wettelijke basis, wettelijke grondslag, base l\u00e9gale, fondement juridique,"
        " Rechtsgrundlage"
    ),
    "valid_from_ms": (
        "geldig vanaf, geldig van, valable \u00e0 partir du, valable depuis, valable du, valable d\u00e8s, g\u00fcltig ab,"
        " gueltig ab, g\u00fcltig von, gueltig von"
    ),
    "valid_until_ms": (
        "valid to, geldig tot, geldig t/m, geldig tot en met, valable jusqu'au, valide jusqu'au, g\u00fcltig bis, gueltig bis"
    ),
    "zones": "zone, zonen",
    "cameras": "camera, cam\u00e9ra, Kamera, Kameras",
    "vehicle_class": (
        "voertuigklasse, voertuigcategorie, classe de v\u00e9hicule, classe du v\u00e9hicule, classe v\u00e9hicule,"
        " cat\u00e9gorie de v\u00e9hicule, cat\u00e9gorie du v\u00e9hicule, Fahrzeugklasse"
    ),
    "make": "brand, vehicle make, merk, automerk, marque, marque du v\u00e9hicule, Marke, Fahrzeugmarke, Automarke",
    "colour": "color, vehicle colour, vehicle color, kleur, couleur, Farbe, Fahrzeugfarbe",
    "share_with": "shared with, delen met, gedeeld met, partager avec, partag\u00e9 avec, teilen mit, geteilt mit",
    "case_reference": (
        "case number, case no, dossiernummer, zaaknummer, PV-nummer, num\u00e9ro de dossier, n\u00b0 de dossier, n\u00b0 dossier,"
        " num\u00e9ro de PV, n\u00b0 de PV, n\u00b0 PV, r\u00e9f\u00e9rence du dossier, Aktenzeichen"
    ),
}  # fmt: skip

_DOUBTFUL: Mapping[str, str] = {
    "may be who the vehicle belongs to, or who keeps the entry: delete the column, or name it owner": (
        "eigenaar, houder, propri\u00e9taire, titulaire, Eigent\u00fcmer, Eigentuemer, Halter, Fahrzeughalter, holder, keeper"
    ),
    "may be the line's number or the entry's: delete the column, or name it entry_id": (
        "nr, no, n\u00b0, nummer, num\u00e9ro, number, #, lfd. Nr., volgnummer"
    ),
    "may be the kind of list or a list's name: name it hotlist, or list_id": "list, lijst, liste",
    "may be the end of the entry or of something else: delete the column, or name it valid_until": (
        "vervaldatum, einddatum, date d'expiration, date de fin, expiration, Ablaufdatum, Enddatum, expiry date, end date, expires"
    ),
    "may be the class of the vehicle or its model: delete the column, or name it vehicle_class": (
        "type, vehicle type, voertuigtype, type de v\u00e9hicule, Fahrzeugtyp, Typ"
    ),
}  # fmt: skip


def folded(name: str) -> str:
    """The letters and digits of a name, without case and accents; of a sign alone, that sign.

    >>> folded("plate*"), folded("Valid until:"), folded("#")
    ('plate', 'validuntil', '#')
    """
    plain = unicodedata.normalize("NFKD", name.casefold().strip())
    return "".join(one for one in plain if one.isalnum()) or plain


_COLUMNS = {folded(word): column for column, words in _WORDS.items() for word in words.split(",")}
_DOUBTS = {folded(word): why for why, words in _DOUBTFUL.items() for word in words.split(",")}


def column_called(name: str) -> str | None:
    """The column of a list (entries, requests to watch, exclusions) that people call so; None: it is not known, or not certain.

    >>> column_called("N\u00b0 d'immatriculation"), column_called("Kfz-Kennzeichen"), column_called("eigenaar")
    ('plate', 'plate', None)
    """
    return _COLUMNS.get(folded(name))


def doubt_about(name: str) -> str | None:
    """Which two columns of a list this name may mean, with the cure, in words that follow it; None where nothing is known.

    >>> doubt_about("Vervaldatum")
    'may be the end of the entry or of something else: delete the column, or name it valid_until'
    """
    return _DOUBTS.get(folded(name))
