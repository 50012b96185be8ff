"""The line of an address: its usual words in full, and whether two lines name one place.

Abbreviations after the French postal address standard (AFNOR XP Z 10-011) and the habits of practices. The same line
is written in many ways (12 R. DU GAL LECLERC; RES LES PINS, 12 rue du Général Leclerc), so words are compared and not
signs; the number in the street, its kind and its postcode are never taken for a slip.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from identity.names import is_abbreviated, is_typo
from identity.normalise import match_key

_WAYS = {
    "ALLEE": "ALL ALLEES",
    "AVENUE": "AV AVE AVN",
    "BOULEVARD": "BD BLD BLVD BOUL BVD",
    "CHEMIN": "CH CHE CHEM CHM",
    "CITE": "",
    "CLOS": "",
    "COUR": "",
    "COURS": "CRS",
    "DOMAINE": "DOM",
    "ESPLANADE": "ESP",
    "FAUBOURG": "FG FBG",
    "HAMEAU": "HAM",
    "IMPASSE": "IMP",
    "LIEU": "",
    "LOTISSEMENT": "LOT",
    "MONTEE": "MTE",
    "PASSAGE": "PAS PASS",
    "PLACE": "PL",
    "PROMENADE": "PROM",
    "QUAI": "",
    "QUARTIER": "QRT QUA",
    "RESIDENCE": "RES RESID",
    "ROUTE": "RTE",
    "RUE": "R",
    "RUELLE": "RLE",
    "SENTE": "",
    "SENTIER": "SEN",
    "SQUARE": "SQ",
    "TRAVERSE": "TRA",
    "VENELLE": "VEN",
    "VILLA": "VLA",
    "VOIE": "",
}
_OTHERS = {
    "APPARTEMENT": "APP APPT APT",
    "BATIMENT": "BAT BT",
    "CAPITAINE": "CNE",
    "COLONEL": "COL",
    "COMMANDANT": "CDT",
    "DOCTEUR": "DR",
    "ESCALIER": "ESC",
    "GENERAL": "GAL GEN",
    "GRAND": "GD",
    "GRANDE": "GDE",
    "LIEU DIT": "LD LIEUDIT",
    "LIEUTENANT": "LT",
    "MARECHAL": "MAL",
    "NOTRE DAME": "ND",
    "PRESIDENT": "PDT",
    "PROFESSEUR": "PR PROF",
    "REPUBLIQUE": "REP",
    "ROND POINT": "RPT",
    "SAINT": "ST",
    "SAINTE": "STE",
    "VIEUX": "VX",
}
_IN_FULL = {short: full for full, shorts in (_WAYS | _OTHERS).items() for short in shorts.split()}
_LITTLE = frozenset("A AU AUX D DE DES DU EN ET L LA LE LES SOUS SUR".split())  # noqa: SIM905
_SUFFIXES = {"B": "BIS", "T": "TER", "Q": "QUATER"}
_NUMBERED = re.compile(rf"(?:^|.* )(\d+)(?: (BIS|TER|QUATER|[A-Z]))? ({'|'.join(_WAYS)})(?: (.*))?")
_OPENED = re.compile(rf"(\d+)(?: (BIS|TER|QUATER|[A-Z])(?= |$))?(?: ({'|'.join(_WAYS)})(?= |$))?(?: (.*))?")
_HOMES = (
    "EHPAD", "EPHAD", "MAPAD", "USLD", "MAISON DE RETRAITE", "RESIDENCE AUTONOMIE", "RESIDENCE SENIORS?",
    "RESIDENCE SERVICES", "FOYERS?", "FTM", "FJT", "ADOMA", "SONACOTRA", "ARALIS", "COALLIA", "RESIDENCE SOCIALE",
    "CHRS", "CADA", "HUDA", "CAES", "CPH", "CCAS", "DOMICILIATION", "POSTE RESTANTE", "SANS DOMICILE", "SDF",
    "SAMU SOCIAL", "HOPITAL", "HOSPICE", "CENTRE HOSPITALIER", "CHU", "MAISON D ARRET", "CENTRE PENITENTIAIRE",
    "CENTRE DE DETENTION", "CASERNE", "INTERNAT", "CROUS", "CITE U", "CITE UNIVERSITAIRE",
    "RESIDENCE UNIVERSITAIRE", "CAMPING", "AIRE DES GENS DU VOYAGE", "UDAF", "MJPM", "ATMP", "TUTELLES?",
    "CURATELLES?", "MANDATAIRE JUDICIAIRE", "CENTRE D HEBERGEMENT", "CENTRE D ACCUEIL", "FRANCE TERRE D ASILE",
    "FTDA", "FORUM REFUGIES", "SECOURS CATHOLIQUE", "SECOURS POPULAIRE", "ARMEE DU SALUT", "EMMAUS",
    "RESTOS DU COEUR", "AIRE D ACCUEIL", "ACCUEIL DE JOUR", "HOTEL SOCIAL", "ETAP HOTEL",
    "HOTEL (?:F1|FORMULE 1|IBIS|BALLADINS|CAMPANILE|KYRIAD|PREMIERE CLASSE)", "SPADA", "PRAHDA", "MECS", "IDEF",
    "ESAT", "MAPA", "MARPA", "MONASTERE", "CENTRE DE RETENTION", "CENTRE MATERNEL", "CENTRE EDUCATIF",
    "VILLAGE D ENFANTS", "SQUAT", "BIDONVILLE",
)  # fmt: skip
SHARED_HOME = rf"\b(?:{'|'.join(_HOMES)})\b"
"""What the line of a home for many holds: people of every surname, under one telephone."""
_SHARED = re.compile(SHARED_HOME)
_STREETS = "|".join(_WAYS.keys() - {"CITE", "DOMAINE", "LIEU", "RESIDENCE"})
# After these, a word is what a street is called: RUE DE L'HOPITAL.
_CALLED = re.compile(rf"\b(?:{_STREETS})(?: (?:{'|'.join(_LITTLE)}|ANCIEN|ANCIENNE|GRAND|VIEUX))* $")
_UNSAID = (
    "INCONNU", "INCONNUE", "NON RENSEIGNE", "NON RENSEIGNEE", "NON COMMUNIQUE", "NON COMMUNIQUEE", "NON CONNU",
    "NON CONNUE", "NON PRECISE", "NON PRECISEE", "NON FOURNIE", "A RENSEIGNER", "A PRECISER", "A COMPLETER",
    "A DEMANDER", "INDETERMINEE", "MANQUANTE", "ABSENTE",
)  # fmt: skip
NOWHERE = frozenset(
    [
        *_UNSAID, *(f"ADRESSE {words}" for words in _UNSAID), *_WAYS, "ADRESSE", "SANS", "SANS ADRESSE", "AUCUN",
        "AUCUNE", "NEANT", "NON", "PAS D ADRESSE", "N A", "NA", "N C", "NC", "N R", "NR", "NSP", "NPAI",
        "NOTRE DAME", "IDEM", "X", "XX", "XXX", "XXXX", "0", "00", "000", "0000", "FRANCE", "ETRANGER",
        "A L ETRANGER", "BOURG", "LE BOURG", "AU BOURG", "CENTRE BOURG", "VILLAGE", "LE VILLAGE", "AU VILLAGE",
        "CENTRE VILLE", "MAIRIE", "LIEU DIT",
    ]
)  # fmt: skip
"""Keys of lines that say no more than the postcode: not known, or a whole village. ND is one of them, in full."""
# A residence, a hamlet, an estate are few homes.
_FEW_HOMES = {"CLOS", "DOMAINE", "HAMEAU", "LIEU", "LOTISSEMENT", "RESIDENCE", "VILLA"}
# RUE DU 8 MAI 1945, AVENUE DE LA 2E DB: a number that the name of a street holds is no house.
_DATED = (
    r"\d+ (?:E|EME|ER|RE|NDE|JANVIER|FEVRIER|MARS|AVRIL|MAI|JUIN|JUILLET|AOUT|SEPTEMBRE|OCTOBRE|NOVEMBRE|DECEMBRE)"
    r"(?: (?:18|19|20)\d\d)?"
)
AREA = (
    rf"^(?:(?:VILLAGE|{'|'.join(sorted(_WAYS.keys() - _FEW_HOMES))})(?: [A-Z]+| {_DATED})*"
    r"|(?:BP|BOITE POSTALE|CS|TSA|RN|RD|ROUTE NATIONALE|ROUTE DEPARTEMENTALE) \d+)$"
)
"""The key of a line that names a street or a quarter and no house in it, or a letter box: no home of anybody's."""
_AREA = re.compile(AREA)
NO_POSTCODES = frozenset({"0", "00000", "99999", "X", "XXXXX"})
"""What is written where a postcode is asked and not known."""
LONGEST_NUMBER = 6
"""Digits of the longest number of a house."""
_TELLING = 4
"""Letters and digits from which words tell a street from another."""


def in_full(word: str) -> str:
    """Write a usual abbreviation in full; return any other word as it is."""
    return _IN_FULL.get(word, word)


@lru_cache(maxsize=65536)
def street_key(line: str) -> str | None:
    """Reduce a line of address: usual words in full, no signs; None when it tells no place inside the postcode."""
    words = re.findall(r"[A-Z]+|\d+", match_key(line))
    key = " ".join(map(in_full, words))
    return None if not key or key in NOWHERE or _AREA.match(key) else key


class _Street(NamedTuple):
    """What a line is compared on; empty for what it does not say."""

    number: str
    suffix: str
    way: str
    words: tuple[str, ...]


@lru_cache(maxsize=65536)
def _read(key: str) -> _Street:
    found = _OPENED.match(key) or _NUMBERED.match(key)
    if found:
        number, suffix, way, rest = (part or "" for part in found.groups())
    else:
        number, suffix, (way, _, rest) = "", "", key.partition(" ")
        if way not in _WAYS:
            way, rest = "", key
    words = tuple(word for word in rest.split() if word not in _LITTLE)
    return _Street(number.lstrip("0"), _SUFFIXES.get(suffix, suffix), way, words)


def same_street(one: str, other: str) -> bool:
    """Tell whether two keys of one postcode are one place, written differently or with a slip; symmetric.

    The number must be the same, and the kind of way and « bis » where both tell them. The name may have a slip, words
    cut short, or what only one of them adds (a residence, a building).
    """
    if one == other:
        return True
    a, b = _read(one), _read(other)
    if a.number != b.number or _contradict(a.suffix, b.suffix) or _contradict(a.way, b.way):
        return False
    first, second = " ".join(a.words), " ".join(b.words)
    if first == second:
        return bool(first)
    if is_typo(first.replace(" ", ""), second.replace(" ", "")):
        return True
    if not a.number:
        # A hamlet without numbers is many homes: only a slip is let pass.
        return False
    less, more = sorted((set(a.words), set(b.words)), key=len)
    tells = len("".join(less)) >= _TELLING
    return (tells and less <= more) or is_abbreviated(first, second)


def same_house(one: str, other: str) -> bool:
    """Tell whether two keys, of postcodes that differ, are one numbered house; symmetric.

    Villages side by side each have their RUE DE L'ÉGLISE: no line is taken that does not open with its number.
    """
    return opening_number(one) == opening_number(other) > 0 and same_street(one, other)


def opening_number(key: str) -> int:
    """Return the number that a key opens with; 0 for none, or one longer than any in a street."""
    digits = key[: len(key) - len(key.lstrip("0123456789"))]
    return int(digits) if 0 < len(digits) <= LONGEST_NUMBER else 0


@lru_cache(maxsize=65536)
def is_shared(key: str) -> bool:
    """Tell whether a key is that of a home for many (a nursing home, a hostel): its telephone is nobody's."""
    return any(not _CALLED.search(key[: found.start()]) for found in _SHARED.finditer(key))


def _contradict(one: str, other: str) -> bool:
    return one != other and bool(one and other)
