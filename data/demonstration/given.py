"""Given names of a real region: by decade of birth, sex and origin, common ones first, then a long tail.

given-names.csv gives the common ones, rare-given-names.csv less common ones; the tail is made of
spelling variants, compound names and names put together from syllables, as parents do today.
"""

import csv
from itertools import product
from random import Random

from names import GENERATIONS, HERE, Zipf, read_given_names

SYLLABLES = {
    "M": (
        "A Aa Aë Al Ax Ba Ca Da E Él Ely En Ga I Ja Ke Ky La Lé Li Lo Lu Ma Mi Na No O Ra Sa Ti Tho Ya Ro So Wa Ha",
        "an den el éo ël ian is ien lan lio lys mis n rian son than tho yan zo rel don lyan dris ris vin mir",
    ),
    "F": (
        "Al An Ay Ca Cé El Em Éva In Is Ja Ju Ka La Lé Li Lou Ly Ma Mé My Na Noé Ro Sa Sha So Ta Va Yu Zo Ny Ke Ina",
        "a ana élia élie ina ine issa line lou na nna ya éna ane ella ette lia lya rine nie lyne mée ria via",
    ),
}
FIRST_HALVES = {
    "M": ["Jean", "Jean", "Jean", "Pierre", "Louis", "Paul", "Charles", "Marc"],
    "F": ["Marie", "Marie", "Anne", "Rose", "Lou"],
}
# Endings that parents and clerks write one way or the other: several are the names of other persons.
SPELLINGS = (
    ("th", "t"),
    ("y", "i"),
    ("ï", "i"),
    ("ck", "c"),
    ("ph", "f"),
    ("nn", "n"),
    ("ll", "l"),
    ("ë", "e"),
    ("s", ""),
)
FOREIGN = {
    "maghreb": "maghreb",
    "comorian": "maghreb",
    "turkish": "turkish",
    "westafrican": "subsaharan",
    "centralafrican": "subsaharan",
    "vietnamese": "asian",
    "chinese": "asian",
    "srilankan": "asian",
    "eastern": "eastern",
    "polish": "eastern",
    "portuguese": "iberian_italian",
    "spanish": "iberian_italian",
    "italian": "iberian_italian",
}


def _read_rare() -> dict[tuple[str, str], list[str]]:
    with (HERE / "rare-given-names.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["group"], row["sex"]): row["names"].split() for row in csv.DictReader(stream)}


RARE = _read_rare()


def _respelt(name: str) -> list[str]:
    return [name.replace(one, other, 1) for one, other in SPELLINGS if one in name[1:]][:2]


def _tail(group: str, sex: str, common: list[str]) -> list[str]:
    """Return the rarer names of a group: known ones, then compound, respelt and new ones."""
    rng = Random(f"given:{group}:{sex}")
    known = RARE[group, sex]
    rng.shuffle(known)
    if not group.startswith("french"):
        return known + [variant for name in (*common, *known) for variant in _respelt(name)]
    halves = dict.fromkeys(FIRST_HALVES[sex])
    made = [f"{half}-{name}" for half, name in product(halves, common[:25]) if "-" not in name and half != name]
    if group in ("french-2005", "french-9999"):
        made += [variant for name in common for variant in _respelt(name)]
        onsets, endings = (part.split() for part in SYLLABLES[sex])
        made += [onset + ending for onset, ending in product(onsets, endings)]
    rng.shuffle(made)
    return known + made


def _tables() -> dict[tuple[str, str], Zipf]:
    tables = {}
    for (group, sex), common in read_given_names().items():
        names = list(dict.fromkeys([*common, *_tail(group, sex, common)]))
        tables[group, sex] = Zipf(names, 5, 1.05)
    return tables


TABLES = _tables()
COUNTS = {"french": (0.22, 0.34, 0.36, 0.08), "foreign": (0.72, 0.20, 0.07, 0.01)}


def draw_first(rng: Random, sex: str, year: int, origin: str) -> str:
    """Return a first given name that parents of this origin gave in that year."""
    if origin in FOREIGN and rng.random() < (0.9 if year < 1985 else 0.62):
        return TABLES[FOREIGN[origin], sex].draw(rng)
    # Fashion changes slowly: one name in five is of the next group or of the former one.
    shifted = year + rng.choice((-14, 14)) if rng.random() < 0.2 else year
    return TABLES[_generation(shifted), sex].draw(rng)


def draw_given_names(rng: Random, sex: str, year: int, origin: str) -> tuple[str, ...]:
    """Return the given names of the civil register, one to four; the others are often a grandparent's."""
    count = rng.choices((1, 2, 3, 4), COUNTS["foreign" if origin in FOREIGN else "french"])[0]
    names = [draw_first(rng, sex, year, origin)]
    for _ in range(count - 1):
        older = year - 50 if rng.random() < 0.6 else year
        if sex == "F" and rng.random() < 0.12:
            names.append("Marie")
        else:
            names.append(draw_first(rng, sex if rng.random() < 0.97 else "M", older, origin))
    return tuple(dict.fromkeys(names))


def _generation(year: int) -> str:
    return f"french-{next(last for last in GENERATIONS if year <= last)}"


# Pairs that parents of twins like, of one sex or of both.
TWIN_NAMES = {
    "MM": (
        "Léo Théo,Noé Noah,Adam Aden,Hugo Ugo,Enzo Kenzo,Mathis Mathéo,Jules Julien,Louis Loïs,Yanis Ilyès,"
        "Alan Alban,Jean-Pierre Jean-Paul,Pierre Pierrick,Hassan Hussein,Axel Alex,Tom Tim"
    ),
    "FF": (
        "Emma Emmy,Lina Lila,Lina Lisa,Léa Léna,Anna Hanna,Maëlle Maëlys,Manon Marion,Inès Iris,Mia Mila,Jade Jane,"
        "Marie-Claude Marie-Claire,Martine Maryline,Nadia Nadine,Fatima Fatma,Clara Carla,Eva Ève"
    ),
    "FM": (
        "Léa Léo,Louise Louis,Clémence Clément,Jeanne Jean,Emma Emile,Noa Noah,Valentine Valentin,Justine Justin,"
        "Julie Jules,Camille Camil,Gabrielle Gabriel,Martine Martin,Axelle Axel,Lou Louis,Charlie Charles"
    ),
}
TWIN_PAIRS = [(sexes, *pair.split(" ")) for sexes, pairs in TWIN_NAMES.items() for pair in pairs.split(",")]


def draw_twin_names(rng: Random) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return two names that differ by little, each with its sex."""
    sexes, one, other = rng.choice(TWIN_PAIRS)
    return (sexes[0], one), (sexes[1], other)
