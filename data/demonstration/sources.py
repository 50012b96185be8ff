"""The structures of an evaluation file, each with its own habits, and who is known where.

Habits make the defects of one source alike, as in real life: one software writes every name with
broken accents, one secretary never types a place of birth, one practice types married names.
"""

from bisect import bisect
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from geography import Geography
from population import Person

# kind: share of the structures, usual size, share of records with an INS, care in typing (less is better).
KINDS = {
    "HOP": (0.05, 14.0, 0.78, 0.8),
    "CLI": (0.06, 6.0, 0.68, 1.0),
    "CAB": (0.50, 0.9, 0.66, 0.9),
    "MSP": (0.10, 2.2, 0.62, 0.8),
    "LAB": (0.08, 8.0, 0.42, 1.5),
    "IMA": (0.07, 5.0, 0.46, 1.3),
    "IDE": (0.08, 0.6, 0.40, 1.4),
    "EHP": (0.06, 0.5, 0.70, 1.0),
}
RECORDS_PER_SOURCE = 160
# The shares of persons with a second, third … sixth record.
COUNTS = (0.34, 0.135, 0.057, 0.025, 0.011)
# Groups of defects that a source commits more or less than the others.
GROUPS = ("typing", "spelling", "given", "married", "date", "place", "ins", "contact", "address", "sex")


@dataclass(frozen=True, slots=True)
class Source:
    """A structure: how it writes what it knows."""

    code: str
    kind: str
    department: str
    weight: float
    ins_share: float
    # upper (with no accent), accents (upper with accents), title (accents, only initials in capitals), plain title.
    case: str
    phone_form: str
    # Given names: all of them, or the first one.
    given: str
    # Used name: "differs" (only when it differs), "always", "wives" (only that of married women).
    used_family: str
    used_given: bool
    # Share of records with a birth place, a phone, an e-mail and an address.
    place_share: float
    phone_share: float
    email_share: float
    address_share: float
    # The longest surname its screens take, 0 for no limit.
    width: int
    # What replaces an unknown day or month: "first" (1 January), "last" (31 December), "month" (day 1).
    unknown_date: str
    # Systematic habits, present or not.
    drops_particle: bool
    spaces_hyphens: bool
    breaks_accents: str
    abbreviates: bool
    married_as_birth: bool
    whole_city: bool
    # Multipliers of the rates of defects, by group.
    factors: dict[str, float]


def draw_sources(rng: Random, geography: Geography, records: int, difficulty: float) -> list[Source]:
    """Return the structures of the region, enough for the records asked."""
    count = max(30, records // RECORDS_PER_SOURCE)
    kinds = list(KINDS)
    shares = [KINDS[kind][0] for kind in kinds]
    # Every kind at least twice, however small the region.
    drawn = [*kinds, *kinds, *rng.choices(kinds, shares, k=count - 2 * len(kinds))]
    return [_draw_source(rng, geography, kind, rank, difficulty) for rank, kind in enumerate(drawn, start=1)]


def _draw_source(rng: Random, geography: Geography, kind: str, rank: int, difficulty: float) -> Source:
    _, size, ins_share, care = KINDS[kind]
    department = geography.towns.draw(rng)[:2]

    def has(chance: float) -> bool:
        return rng.random() < min(chance * difficulty, 0.9)

    def lacks(chance: float) -> bool:
        # What a structure leaves out grows slower than the difficulty, or nothing would be left.
        return rng.random() < min(chance * difficulty**0.5, 0.8)

    def around(share: float) -> float:
        return min(1.0, max(0.02, rng.gauss(share, 0.12)))

    return Source(
        code=f"{kind}{department}-{rank:04d}",
        kind=kind,
        department=department,
        weight=size * rng.lognormvariate(0, 0.5),
        ins_share=around(ins_share),
        case=rng.choices(("upper", "accents", "title", "plain"), (0.70, 0.10, 0.13, 0.07))[0],
        phone_form=rng.choices(("plain", "spaced", "dotted", "international", "double_zero"), (46, 28, 9, 12, 5))[0],
        given="first" if lacks(0.42) else "all",
        used_family=rng.choices(("differs", "always", "wives"), (0.5, 0.4, 0.1))[0],
        used_given=rng.random() < 0.7,
        place_share=around(0.45) if lacks(0.22) else around(0.93),
        phone_share=around(0.78 if kind != "LAB" else 0.62),
        email_share=around(0.68 if kind in ("CAB", "MSP") else 0.55),
        address_share=around(0.3) if lacks(0.05) else around(0.97),
        width=rng.choice((8, 10, 12, 15, 16, 18, 20, 20)) if has(0.07) else 0,
        unknown_date=rng.choice(("first", "first", "last", "month")),
        drops_particle=has(0.05),
        spaces_hyphens=has(0.09),
        breaks_accents=rng.choice(("question", "utf8", "dropped", "apostrophe")) if has(0.03) else "",
        abbreviates=has(0.04),
        married_as_birth=has(0.04),
        whole_city=has(0.12),
        factors={group: care * rng.lognormvariate(-0.2, 0.65) for group in GROUPS},
    )


class Sources:
    """Choose which structures know a person: rather near, and according to age."""

    def __init__(self, sources: list[Source]) -> None:
        self.sources = sources
        self._all = list(accumulate(source.weight for source in sources))
        self._near: dict[str, tuple[list[Source], list[float]]] = {}
        near: dict[str, list[Source]] = defaultdict(list)
        for source in sources:
            near[source.department].append(source)
        for department, found in near.items():
            self._near[department] = (found, list(accumulate(source.weight for source in found)))
        self._maternal = [source for source in sources if source.kind in ("HOP", "CLI")]

    def draw(self, rng: Random, person: Person, age: int) -> list[Source]:
        """Return the structures that know a person, one to six, each once."""
        # The old see more structures than the young.
        chance = rng.random() / (1.35 if age >= 70 else 0.88 if age < 30 else 1.0)
        wanted = 1 + sum(chance < limit for limit in COUNTS)
        found: list[Source] = []
        tries = 0
        while len(found) < wanted and tries < 30:
            tries += 1
            source = self._draw_one(rng, person, newborn=age < 1 and not found)
            if source in found or (source.kind == "EHP" and age < 65):
                continue
            found.append(source)
        return found or [self.sources[0]]

    def _draw_one(self, rng: Random, person: Person, newborn: bool) -> Source:
        if newborn:
            return rng.choice(self._maternal)
        near = self._near.get(person.home.code[:2])
        if near is not None and rng.random() < 0.82:
            sources, weights = near
        else:
            sources, weights = self.sources, self._all
        return sources[bisect(weights, rng.random() * weights[-1], 0, len(sources) - 1)]
