"""Draw the traits of the persons of the invented region: names, births, addresses, contacts, INS.

A person is the truth; households.py says who lives with whom, records.py what structures write
about them. Every draw goes through one random.Random, so a seed gives the same people for ever.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from names import GENERATIONS, ORIGINS, Zipf, read_given_names, read_streets, read_surnames
from region import (
    CORSICA,
    ELSEWHERE,
    MATERNITIES,
    MOBILE,
    OVERSEAS,
    PARIS,
    TOWNS_BY_WEIGHT,
    Places,
    ascii_lower,
)


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach someone."""

    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where someone lives."""

    street: str
    postcode: str
    city: str


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the region, as the civil register and a perfect front desk would know them."""

    person_id: str
    household_id: str
    sex: str
    birth_family: str
    used_family: str
    given: tuple[str, ...]
    used_given: str
    birth_date: date
    birth_place: str
    ins: str
    address: Address
    previous: Address
    contact: Contact
    household_contact: Contact
    death_date: date | None
    known_on: date
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a household decides about a member; the rest is drawn from it."""

    sex: str
    family: str
    birth_date: date
    origin: str
    used_family: str = ""
    given: tuple[str, ...] = ()
    birth_place: str = ""
    cases: tuple[str, ...] = ()


@dataclass(slots=True)
class Draw:
    """The random source, the day of the extract and what has already been given out."""

    rng: Random
    places: Places
    today: date
    orders: dict[str, int] = field(default_factory=dict)
    mobiles: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        numbers = list(range(DRAWN_NUMBERS))
        self.rng.shuffle(numbers)
        # Arcep keeps only ten thousand mobile numbers for fiction: a large region has to reuse them.
        self.mobiles = itertools.cycle([f"{MOBILE}{number:04d}" for number in numbers])


SURNAMES = {group: Zipf(names, 9 if group == "french" else 2, 0.8) for group, names in read_surnames().items()}
GIVEN_NAMES = {group: Zipf(names, 3, 0.9) for group, names in read_given_names().items()}
STREETS = read_streets()
# The last hundred numbers of each range belong to the persons of the story.
DRAWN_NUMBERS = 9_900


def nir_key(thirteen: str) -> str:
    """Return the two digits that close a matricule (INSEE; 2A counts 19 and 2B counts 18)."""
    department = {"2A": "19", "2B": "18"}.get(thirteen[5:7], thirteen[5:7])
    return f"{97 - int(thirteen[:5] + department + thirteen[7:]) % 97:02d}"


def draw_matricule(draw: Draw, sex: str, born: date, place: str) -> str:
    """Return a matricule of a test patient, unused so far, or none when its month and place are full."""
    stem = f"{1 if sex == 'M' else 2}{born:%y%m}{place}"
    order = draw.orders.get(stem, draw.rng.randint(0, 300)) + draw.rng.randint(1, 3)
    draw.orders[stem] = order
    # The last order numbers belong to the persons of the story.
    if order > 990:
        return ""
    thirteen = f"{stem}{order:03d}"
    return thirteen + nir_key(thirteen)


def draw_origin(rng: Random) -> str:
    """Return the family origin of a household."""
    shares = [origin.share for origin in ORIGINS.values()]
    return rng.choices([*ORIGINS, "french"], [*shares, 1 - sum(shares)])[0]


def draw_birth_date(rng: Random, year: int, today: date) -> date:
    """Return a day of a year, never after the extract."""
    born = date(year, 1, 1) + timedelta(days=rng.randrange(365))
    return min(born, today - timedelta(days=rng.randrange(1, 60)))


def draw_given(rng: Random, sex: str, year: int, origin: str) -> tuple[str, ...]:
    """Return the given names of the civil register, one to three."""
    own = GIVEN_NAMES[(_generation(year), sex)]
    older = GIVEN_NAMES[(_generation(year - 45), sex)]
    if origin != "french" and rng.random() < (0.85 if year < 1990 else 0.6):
        own = older = GIVEN_NAMES[(origin, sex)]
    count = rng.choices((1, 2, 3), (0.30, 0.36, 0.34) if origin == "french" else (0.75, 0.2, 0.05))[0]
    names = [own.draw(rng)]
    while len(names) < count:
        name = older.draw(rng) if rng.random() < 0.6 else own.draw(rng)
        if name not in names:
            names.append(name)
    return tuple(names)


def _generation(year: int) -> str:
    return f"french-{next(last for last in GENERATIONS if year <= last)}"


def draw_birth_place(draw: Draw, draft: Draft) -> str:
    """Return where a person of this origin and age was born, as a code of the COG tables."""
    rng, year = draw.rng, draft.birth_date.year
    if draft.origin != "french":
        origin = ORIGINS[draft.origin]
        if rng.random() < origin.born_abroad * (1 if year < 2000 else 0.3):
            return rng.choice(origin.countries)
    chance = rng.random()
    if chance < 0.05:
        return rng.choice(PARIS)
    if chance < 0.07:
        return rng.choice(OVERSEAS)
    if chance < 0.078:
        return "99352" if year < 1963 else rng.choice(("99109", "99131", "99132", "99140", "99404"))
    # Before 1976 Corsican births carry 20xxx, which the current tables do not hold.
    if chance < 0.086 and year >= 1976:
        return rng.choice(CORSICA)
    if chance < 0.22:
        return rng.choice(ELSEWHERE)
    if year < 1965 and rng.random() < 0.45:
        return rng.choice(draw.places.area)
    table = MATERNITIES if year >= 1965 else TOWNS_BY_WEIGHT
    return rng.choices([code for code, _ in table], [weight for _, weight in table])[0]


def draw_address(draw: Draw) -> Address:
    """Return a dwelling of the region."""
    town = draw.rng.choices(draw.places.towns, [weight for _, weight in TOWNS_BY_WEIGHT])[0]
    if draw.rng.random() < 0.15:
        town = draw.places.town(draw.rng.choice(draw.places.area))
    number = draw.rng.choice((*range(1, 60), *range(1, 20), 112, 138, 205))
    suffix = draw.rng.choices(("", " bis", " ter"), (0.95, 0.04, 0.01))[0]
    street = draw.rng.choice(STREETS)
    return Address(f"{number}{suffix} {street}", town.postcode, town.name)


def draw_contact(draw: Draw, draft: Draft, landline: str) -> Contact:
    """Return the phone and e-mail of an adult: the old have fewer mobiles and mailboxes."""
    rng = draw.rng
    age = age_on(draft.birth_date, draw.today)
    phone = next(draw.mobiles) if rng.random() < (0.93 if age < 70 else 0.6) else landline
    email = ""
    if rng.random() < (0.8 if age < 65 else 0.4):
        mailbox = f"{ascii_lower(draft.given[0])}.{ascii_lower(draft.used_family or draft.family)}"
        email = f"{mailbox}{rng.choice(('', '', rng.randrange(1, 99)))}@{rng.choice(('example.org', 'example.net'))}"
    return Contact(phone, email)


def age_on(born: date, day: date) -> int:
    """Return an age in years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
