"""Names of the invented region, read from the tables beside this file, and their spelling variants.

given-names.csv and surnames.csv hold ordinary names in rough order of frequency, put together by
hand; people.py draws from them under a Zipf law. Any likeness with someone alive is chance.
"""

import csv
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve().parent


class Zipf:
    """Draw from a list whose first items are the commonest."""

    def __init__(self, items: list[str], shift: float, slope: float) -> None:
        self.items = items
        self.cumulated = list(accumulate(1 / (rank + shift) ** slope for rank in range(1, len(items) + 1)))

    def draw(self, rng: Random) -> str:
        """Return one item."""
        place = bisect(self.cumulated, rng.random() * self.cumulated[-1], 0, len(self.items) - 1)
        return self.items[place]


@dataclass(frozen=True, slots=True)
class Origin:
    """A family origin: its share of households, how many were born abroad, and where."""

    share: float
    born_abroad: float
    countries: tuple[str, ...]


ORIGINS = {
    "maghreb": Origin(0.08, 0.62, ("99352", "99352", "99350", "99350", "99351")),
    "iberian_italian": Origin(0.06, 0.45, ("99139", "99139", "99134", "99127")),
    "turkish": Origin(0.014, 0.6, ("99208",)),
    "subsaharan": Origin(
        0.032, 0.66, ("99341", "99335", "99326", "99322", "99312", "99324", "99330", "99397", "99333")
    ),
    "asian": Origin(0.014, 0.55, ("99243", "99216", "99234", "99241", "99223", "99235")),
    "eastern": Origin(0.016, 0.6, ("99122", "99114", "99155", "99123", "99121")),
}
# Last year of birth of each group of French given names.
GENERATIONS = (1945, 1965, 1985, 2005, 9999)

DIMINUTIVES = {
    "ALEXANDRE": "ALEX",
    "ANTOINE": "TONY",
    "BENJAMIN": "BEN",
    "CATHERINE": "CATHY",
    "CHRISTOPHE": "CHRIS",
    "DANIELLE": "DANY",
    "ELISABETH": "BABETH",
    "EMMANUEL": "MANU",
    "FRANCOISE": "FANCHON",
    "FREDERIC": "FRED",
    "GREGORY": "GREG",
    "JACQUELINE": "JACKIE",
    "LAETITIA": "LAETI",
    "MADELEINE": "MADO",
    "MARGUERITE": "MARGOT",
    "MAXIME": "MAX",
    "MICHEL": "MICHOU",
    "NATHALIE": "NATH",
    "NICOLAS": "NICO",
    "PATRICK": "PAT",
    "PHILIPPE": "PHIL",
    "SANDRINE": "SANDY",
    "STEPHANIE": "STEPH",
    "SUZANNE": "SUZY",
    "THERESE": "THEA",
    "THOMAS": "TOM",
    "VALERIE": "VAL",
    "VERONIQUE": "VERO",
}

TRANSLITERATIONS = {
    "ABDALLAH": ("ABDELLAH", "ABDULLAH"),
    "ABDELKADER": ("ABD EL KADER", "ABDELKADIR"),
    "AHMED": ("AHMAD", "HMED"),
    "AICHA": ("AYCHA", "AISHA"),
    "AISSATOU": ("AICHATOU", "AISSATA"),
    "AIT OUALI": ("AITOUALI", "AIT WALI"),
    "AMADOU": ("AHMADOU", "MAMADOU"),
    "BELKACEM": ("BELKASSEM", "BELGACEM"),
    "BEN SALAH": ("BENSALAH", "BENSALEH"),
    "BEN YOUSSEF": ("BENYOUSSEF", "BENYOUCEF"),
    "BENALI": ("BEN ALI", "BENALLI"),
    "BOUZID": ("BOUZIDE", "BOUZIT"),
    "CHEICK": ("CHEIKH", "SHEIK"),
    "CHERIF": ("SHERIF", "CHERIFF"),
    "CHEVTCHENKO": ("SHEVCHENKO", "TCHEVTCHENKO"),
    "CISSE": ("SISSE", "CISSEY"),
    "DIOP": ("JOOB", "DYOP"),
    "DIALLO": ("JALLOW", "DIALO"),
    "DMITRI": ("DMITRY", "DIMITRI"),
    "EL AMRANI": ("ELAMRANI", "AMRANI"),
    "EL IDRISSI": ("ELIDRISSI", "IDRISSI"),
    "FATIMA": ("FATMA", "FATIHA"),
    "FATIMA-ZOHRA": ("FATMA ZOHRA", "FATIMA ZAHRA"),
    "FATOUMATA": ("FATOU", "FATIMATA"),
    "HASSAN": ("HASAN", "HACENE"),
    "HAYAT": ("HAIAT", "HAYET"),
    "HUYNH": ("HUINH", "HYUNH"),
    "IBRAHIMA": ("IBRAHIM", "IBRAHIME"),
    "ILYES": ("ILIES", "ELIAS"),
    "KARIM": ("KARYM", "KRIM"),
    "KHADIJA": ("KHADIDJA", "KADIJA"),
    "KHALID": ("KHALED", "KALID"),
    "KHELIFI": ("KHELIFFI", "KHALIFI"),
    "KOVALENKO": ("KOWALENKO", "KOVALENCO"),
    "KOWALSKI": ("KOVALSKI", "KOWALSKY"),
    "LEILA": ("LAYLA", "LEYLA"),
    "MALIKA": ("MALYKA", "MALICA"),
    "MARIAM": ("MARIAME", "MERIEM"),
    "MEHDI": ("MAHDI", "MEHDY"),
    "MEHMET": ("MEHMED", "MOHAMED"),
    "MOHAMED": ("MOHAMMED", "MUHAMMAD", "MOHAMMAD"),
    "MOUSSA": ("MUSA", "MOUSA"),
    "MUSTAFA": ("MUSTAPHA", "MOSTEFA"),
    "NDIAYE": ("N'DIAYE", "NDIAYE DIOP"),
    "NGUYEN": ("N'GUYEN", "NGUYEM"),
    "OLEKSANDR": ("ALEXANDRE", "OLEXANDR"),
    "OMAR": ("OMER", "AMAR"),
    "OSMAN": ("OUSMAN", "OTHMAN"),
    "OUSMANE": ("OUSMAN", "OUSSMANE"),
    "RACHID": ("RASHID", "RACHED"),
    "RAYAN": ("RYAN", "RAYANE"),
    "SAIDI": ("SAYDI", "SEIDI"),
    "SINGH": ("SING", "SINGHE"),
    "SLIMANI": ("SLIMANE", "SOLIMANI"),
    "TOURE": ("TOUREY", "THOURE"),
    "TRAN": ("TRANH", "THRAN"),
    "TRAORE": ("TRAWALLY", "TRAHORE"),
    "YASMINA": ("YASMINE", "IASMINA"),
    "YASSINE": ("YACINE", "YASSIN"),
    "YILMAZ": ("YELMAZ", "YLMAZ"),
    "YOURI": ("YURI", "IOURI"),
    "YOUSSEF": ("YOUCEF", "YUSUF", "YOUSEF"),
    "ZHANG": ("CHANG", "TCHANG"),
    "ZOHRA": ("ZAHRA", "ZOHRAH"),
}


def read_given_names() -> dict[tuple[str, str], list[str]]:
    """Return the given names by group and sex, commonest first."""
    found: dict[tuple[str, str], list[str]] = {}
    with (HERE / "given-names.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault((row["group"], row["sex"]), []).append(row["name"])
    return found


def read_surnames() -> dict[str, list[str]]:
    """Return the surnames by group, commonest first."""
    found: dict[str, list[str]] = {}
    with (HERE / "surnames.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["group"], []).append(row["name"])
    return found


def read_streets() -> list[str]:
    """Return street names."""
    return (HERE / "streets.txt").read_text(encoding="utf-8").splitlines()
