"""The invented Haute-Allière: its structures, professionals, pharmacies, towns and contacts.

Communes and postcodes are those of the COG, because places of birth must exist there; every
structure, professional, identifier, address book entry and telephone number is fictive. Numbers come from
the ranges that Arcep reserves for fiction, mailboxes from `.example` domains.
"""

import csv
from dataclasses import asdict, dataclass
from pathlib import Path

COG = Path(__file__).resolve().parent.parent / "cog"
AREA = ("58", "18")
TEST_INS_OID = "1.2.250.1.213.1.4.10"


@dataclass(frozen=True, slots=True)
class Structure:
    """A place of care that keeps its own identities."""

    code: str
    name: str
    finess: str
    oid: str
    mssante: str
    town: str
    feed: str


@dataclass(frozen=True, slots=True)
class Intake:
    """How a structure numbers and writes its identities, and how much of the region it sees."""

    prefix: str
    digits: int
    share: float
    qualified: float
    phone_form: str


@dataclass(frozen=True, slots=True)
class Professional:
    """Someone who writes or receives documents."""

    rpps: str
    family: str
    given: str
    profession: str
    speciality: str
    structure: str | None
    mssante: str
    town: str


@dataclass(frozen=True, slots=True)
class Pharmacy:
    """A pharmacy a patient may name."""

    finess: str
    name: str
    town: str
    mssante: str


@dataclass(frozen=True, slots=True)
class Town:
    """A commune people live in."""

    code: str
    name: str
    postcode: str


def _structure(rank: int, code: str, name: str, town: str, feed: str) -> Structure:
    return Structure(
        code=code,
        name=name,
        finess=f"99000{rank:02d}0{rank}",
        oid=f"1.2.250.1.999.10.{rank}",
        mssante=f"secretariat@{code}.mssante.example",
        town=town,
        feed=feed,
    )


STRUCTURES = (
    _structure(1, "tilleuls", "Maison de santé des Tilleuls", "Decize", "fhir"),
    _structure(2, "hopital", "Centre hospitalier de la Haute-Allière", "Nevers", "fhir"),
    _structure(3, "cabinet-moulin", "Cabinet médical du Moulin", "Imphy", "file"),
    _structure(4, "imagerie", "Centre d'imagerie des Deux-Rives", "Bourges", "file"),
    _structure(5, "laboratoire", "Laboratoire de biologie du Val d'Allière", "Cosne-Cours-sur-Loire", "file"),
    _structure(6, "cardiologie", "Cardiologie du Parc", "Nevers", "file"),
)

INTAKES = {
    "tilleuls": Intake("T-", 6, 0.21, 0.42, "spaced"),
    "hopital": Intake("8", 8, 0.30, 0.45, "international"),
    "cabinet-moulin": Intake("", 5, 0.11, 0.28, "spaced"),
    "imagerie": Intake("IMG", 7, 0.13, 0.25, "plain"),
    "laboratoire": Intake("L", 8, 0.19, 0.12, "plain"),
    "cardiologie": Intake("CP", 5, 0.06, 0.30, "dotted"),
}

TOWNS_BY_WEIGHT = (
    ("58194", 20),
    ("18033", 22),
    ("18279", 9),
    ("58086", 7),
    ("58303", 6),
    ("58095", 5),
    ("18197", 5),
    ("18205", 4),
    ("58059", 4),
    ("58117", 4),
    ("18207", 3),
    ("58088", 3),
    ("58121", 3),
    ("58160", 3),
    ("58079", 3),
    ("58151", 3),
    ("58134", 3),
    ("18141", 3),
    ("18015", 2),
    ("58131", 2),
    ("58214", 2),
    ("58149", 2),
    ("58264", 2),
    ("58062", 1),
    ("58046", 1),
    ("18242", 1),
    ("18087", 1),
    ("58102", 1),
    ("18145", 1),
    ("58218", 1),
)

MATERNITIES = (("58194", 40), ("18033", 38), ("58086", 10), ("18279", 8), ("58095", 4))
PARIS = tuple(f"751{number:02d}" for number in range(1, 21))
CORSICA = ("2A004", "2A004", "2B033", "2A247", "2B050")
OVERSEAS = ("97105", "97120", "97209", "97302", "97411", "97415", "97416", "97608", "98818", "98735")
ELSEWHERE = (
    *(f"6938{number}" for number in range(1, 10)),
    *(f"132{number:02d}" for number in range(1, 17)),
    *("21231", "63113", "45234", "03185", "03310", "03190", "89024", "71270", "42218", "38185", "31555"),
    *("33063", "44109", "59350", "67482", "35238", "76540", "54395", "57463", "37261", "86194", "87085"),
    *("06088", "34172", "49007", "51454", "80021", "25056", "29019", "62041", "64445", "10387", "36044"),
)

PROFESSIONALS_TABLE = """
LEMAIRE|Claire|10|Médecine générale|tilleuls|Decize
DELCOURT|Antoine|10|Médecine générale|tilleuls|Decize
NIVERT|Sarah|10|Médecine générale|tilleuls|Decize
PASQUET|Julie|60|Soins infirmiers|tilleuls|Decize
VIGNERON|Marc|70|Masso-kinésithérapie|tilleuls|Decize
CHAUMET|Élise|50|Maïeutique|tilleuls|Decize
BERTHELOT|Hélène|10|Gériatrie|hopital|Nevers
OUALLET|Karim|10|Médecine d'urgence|hopital|Nevers
SARRAZIN|Philippe|10|Chirurgie orthopédique et traumatologie|hopital|Nevers
KESSLER|Anne|10|Endocrinologie, diabétologie|hopital|Nevers
TAVERNE|Louis|10|Anesthésie-réanimation|hopital|Nevers
MOULINET|Bruno|10|Médecine générale|cabinet-moulin|Imphy
CHARPIN|Nadia|10|Médecine générale|cabinet-moulin|Imphy
LANVIN|Olivier|10|Radiodiagnostic et imagerie médicale|imagerie|Bourges
ROUVIÈRE|Cécile|10|Radiodiagnostic et imagerie médicale|imagerie|Bourges
GUITTARD|Paul|10|Biologie médicale|laboratoire|Cosne-Cours-sur-Loire
FERRAND|Isabelle|21|Biologie médicale|laboratoire|Cosne-Cours-sur-Loire
MARCHAIS|Étienne|10|Cardiologie et maladies vasculaires|cardiologie|Nevers
TESSON|Virginie|10|Cardiologie et maladies vasculaires|cardiologie|Nevers
BOISSEAU|Gérard|10|Médecine générale||La Charité-sur-Loire
AUBRAC|Lucie|10|Médecine générale||Fourchambault
COURTIN|David|60|Soins infirmiers||Varennes-Vauzelles
PELLERIN|Mathilde|70|Masso-kinésithérapie||Nevers
JOUBARD|François|40|Chirurgie dentaire||Cosne-Cours-sur-Loire
HAUTEFORT|Inès|10|Ophtalmologie||Bourges
"""

PHARMACIES_TABLE = """
Pharmacie des Tilleuls|Decize|tilleuls
Pharmacie du Pont|Nevers|pont
Pharmacie de la Cathédrale|Nevers|cathedrale
Pharmacie du Moulin|Imphy|moulin
Pharmacie de la Loire|Cosne-Cours-sur-Loire|loire
Pharmacie du Marché|La Charité-sur-Loire|marche
Pharmacie des Remparts|Bourges|remparts
Pharmacie de l'Arrosoir|Vierzon|arrosoir
"""

LANDLINES = ("026191", "026191", "035301", "019900", "046571", "053649")
MOBILE = "063998"


def professionals() -> list[Professional]:
    """Return the professionals of the region."""
    found = []
    for rank, line in enumerate(PROFESSIONALS_TABLE.strip().splitlines(), start=1):
        family, given, profession, speciality, structure, town = line.split("|")
        domain = structure or "liberal"
        mailbox = f"{ascii_lower(given)}.{ascii_lower(family)}@{domain}.mssante.example"
        rpps = f"999{10_000_000 + rank * 1_379:08d}"
        found.append(Professional(rpps, family, given, profession, speciality, structure or None, mailbox, town))
    return found


def pharmacies() -> list[Pharmacy]:
    """Return the pharmacies of the region."""
    lines = PHARMACIES_TABLE.strip().splitlines()
    return [
        Pharmacy(f"99000{rank}5{rank % 10}{rank % 7}", name, town, f"officine@{slug}.pharmacie.mssante.example")
        for rank, (name, town, slug) in enumerate((line.split("|") for line in lines), start=1)
    ]


def ascii_lower(text: str) -> str:
    """Write a name as the local part of a mailbox."""
    return written(text).lower().replace(" ", "-").replace("'", "")


def written(text: str) -> str:
    """Write a name as RNIV asks: upper case, no diacritics, ligatures open, hyphen and apostrophe kept."""
    return text.translate(_LETTERS).upper()


_LETTERS = str.maketrans(
    "ÀÁÂÃÄÅàáâãäåÇĆČçćčÉÈÊËéèêëğĞÍÌÎÏİíìîïıŁłÑŃñńÓÒÔÕÖóòôõöŚŞśşšŠÚÙÛÜúùûüÝŸýÿŹŻźżžŽ’",
    "AAAAAAaaaaaaCCCcccEEEEeeeegGIIIIIiiiiiLlNNnnOOOOOoooooSSsssSUUUUuuuuYYyyZZzzzZ'",
) | {ord("Œ"): "OE", ord("œ"): "oe", ord("Æ"): "AE", ord("æ"): "ae", ord("ß"): "ss"}


class Places:
    """The COG tables as the generator needs them."""

    def __init__(self) -> None:
        self.communes: dict[str, tuple[str, str]] = {}
        with (COG / "communes.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                self.communes[row["code"]] = (row["name"], row["postcodes"].split(" ")[0])
        self.area = [code for code, (_, postcode) in self.communes.items() if code[:2] in AREA and postcode]
        self.towns = [self.town(code) for code, _ in TOWNS_BY_WEIGHT]
        self.by_name = {town.name: town for town in (self.town(code) for code in self.area)}

    def town(self, code: str) -> Town:
        """Return a commune as a place to live in."""
        name, postcode = self.communes[code]
        return Town(code, name, postcode)


def structure_rows() -> list[dict[str, str]]:
    """Return the structures as written to structures.json."""
    return [asdict(structure) for structure in STRUCTURES]
