"""The persons of an evaluation file: families over several households, and the cases that fool a matcher.

A family is drawn whole (couple, children, twins, former spouse, grandparents in the street), then its
persons get births, matricules and contacts. sources.py says who writes them down, mistakes.py how.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from geography import PRESUMED_DATES, Geography, Home
from given import draw_first, draw_given_names, draw_twin_names
from people import nir_key
from region import ascii_lower
from surnames import COMMON_FRENCH, draw_surname

MAILBOXES = ("example.org", "example.net", "example.com", "courriel.example", "poste.example", "boite.example")
# Chances, at difficulty 1 and at any other: they describe people, not clerks.
TWIN_BIRTHS = 0.017
CLOSE_TWINS = 0.06
TRIPLETS = 0.03
JUNIORS = 0.03
MOTHER_DAUGHTER = 0.012
GRANDPARENTS_NEAR = 0.08
REMARRIED = 0.08
HOMONYMS = 0.0004
STREET_HOMONYMS = 0.0006


@dataclass(slots=True, eq=False)
class Person:
    """Somebody as the civil register and a perfect front desk would know them. Names are upper case with accents."""

    number: int
    household: int
    origin: str
    sex: str
    family: str
    given: tuple[str, ...]
    born: date
    home: Home
    used_family: str = ""
    former_used: str = ""
    used_given: str = ""
    place: str = ""
    other_place: str = ""
    ins: str = ""
    former_home: Home | None = None
    mobile: str = ""
    former_mobile: str = ""
    landline: str = ""
    email: str = ""
    parent: "Person | None" = None
    mother: "Person | None" = None
    spouse: "Person | None" = None
    twin: "Person | None" = None
    cases: list[str] = field(default_factory=list)


class Population:
    """Draw families one after the other; nothing is kept of them but matricules and a few namesakes."""

    def __init__(self, rng: Random, geography: Geography, today: date) -> None:
        self.rng = rng
        self.geography = geography
        self.today = today
        self.persons = 0
        self.households = 0
        self.orders: dict[str, int] = {}
        self.namesakes: list[Person] = []

    def draw_family(self) -> list[Person]:
        """Return the persons of one family, one to three households, complete."""
        rng = self.rng
        origin = self.geography.origins.draw(rng)
        home = self.geography.draw_home(rng)
        self.households += 1
        kind = rng.random()
        if kind < 0.36:
            members = self._single(origin, home)
        elif kind < 0.64:
            members = self._couple(origin, home, round(rng.triangular(23, 92, 63)))
        else:
            members = self._with_children(origin, home, alone=kind > 0.91)
        if rng.random() < STREET_HOMONYMS * len(members):
            members += self._street_homonym(members[0])
        self._complete(members)
        if rng.random() < HOMONYMS * len(members) and self.namesakes:
            members += self._homonym(rng.choice(self.namesakes))
        self._remember(members)
        return members

    def _person(self, origin: str, sex: str, family: str, born: date, home: Home) -> Person:
        self.persons += 1
        given = tuple(name.upper() for name in draw_given_names(self.rng, sex, born.year, origin))
        return Person(self.persons, self.households, origin, sex, family.upper(), given, born, home)

    def _born(self, year: int) -> date:
        born = date(year, 1, 1) + timedelta(days=self.rng.randrange(365))
        return min(born, self.today - timedelta(days=self.rng.randrange(1, 60)))

    def _single(self, origin: str, home: Home) -> list[Person]:
        rng = self.rng
        kind = rng.random()
        age = rng.randint(19, 35) if kind < 0.36 else rng.randint(36, 66) if kind < 0.70 else rng.randint(67, 101)
        sex = "F" if rng.random() < (0.5 if age < 67 else 0.73) else "M"
        person = self._person(origin, sex, draw_surname(rng, origin), self._born(self.today.year - age), home)
        if sex == "F" and age > 40 and rng.random() < 0.65:
            self._marry_name(person, draw_surname(rng, origin), age)
            self._divorce(person)
        return [person]

    def _couple(self, origin: str, home: Home, age: int) -> list[Person]:
        rng, year = self.rng, self.today.year
        husband = self._person(origin, "M", draw_surname(rng, origin), self._born(year - age), home)
        her_origin = origin if rng.random() < 0.85 else self.geography.origins.draw(rng)
        her_age = min(max(age - rng.randint(-3, 7), 20), 99)
        wife = self._person(her_origin, "F", draw_surname(rng, her_origin), self._born(year - her_age), home)
        husband.spouse, wife.spouse = wife, husband
        self._marry_name(wife, husband.family, age)
        if not wife.used_family and rng.random() < 0.05:
            husband.used_family = f"{husband.family}-{wife.family}"
        return [husband, wife]

    def _marry_name(self, wife: Person, name: str, age: int) -> None:
        chance = self.rng.random()
        name = name.upper()
        if name == wife.family or chance < (0.48 if age < 40 else 0.22):
            return
        wife.used_family = (
            f"{wife.family}-{name}" if chance > 0.91 else f"{name}-{wife.family}" if chance > 0.88 else name
        )

    def _divorce(self, wife: Person) -> None:
        """Make one in three a divorced woman: some structures still know her by a name she no longer uses."""
        if wife.used_family and self.rng.random() < 0.33:
            wife.former_used = wife.used_family
            wife.used_family = "" if self.rng.random() < 0.7 else draw_surname(self.rng, wife.origin).upper()

    def _with_children(self, origin: str, home: Home, alone: bool) -> list[Person]:
        rng, year = self.rng, self.today.year
        age = round(rng.triangular(25, 60, 43))
        parents = self._couple(origin, home, age)
        father, mother = parents
        household = self.households
        others: list[Person] = []
        if alone:
            # The other parent lives elsewhere, and the children are known at both addresses.
            self.households += 1
            away = father if rng.random() < 0.82 else mother
            away.household, away.home = self.households, self.geography.draw_home(rng, home.code[:2])
            father.spouse = mother.spouse = None
            mother.former_used, mother.used_family = mother.used_family, ""
        youngest = max(0, year - mother.born.year - 43)
        oldest = max(youngest, min(25, year - mother.born.year - 19))
        children = self._children(father, mother, youngest, oldest)
        if alone:
            for child in children:
                child.former_home = away.home
        if not alone and rng.random() < REMARRIED:
            others += self._earlier_children(origin, father, mother, oldest)
        if rng.random() < GRANDPARENTS_NEAR:
            others += self._grandparents(father, mother)
        for child in (*children, *others):
            if child.parent is father or child.parent is mother:
                child.household = household if child.home is home else child.household
        return [*parents, *children, *others]

    def _children(self, father: Person, mother: Person, youngest: int, oldest: int) -> list[Person]:
        rng = self.rng
        children: list[Person] = []
        home = mother.home
        wanted = rng.choices((1, 2, 3, 4, 5), (0.33, 0.39, 0.19, 0.07, 0.02))[0]
        for _ in range(wanted):
            born = self._born(self.today.year - rng.randint(youngest, oldest))
            cases = []
            if children and rng.random() < 0.06:
                born = min(children[-1].born + timedelta(days=rng.randint(320, 430)), self.today - timedelta(days=1))
                cases = ["close_siblings"]
            if any(abs((born - child.born).days) < 300 for child in children):
                continue
            child = self._person(father.origin, rng.choice("MF"), father.family, born, home)
            child.household, child.parent, child.mother, child.cases = mother.household, mother, mother, cases
            if father.home is home and rng.random() < 0.4:
                child.parent = father
            self._like_a_parent(child, father, mother)
            children.append(child)
            if rng.random() < TWIN_BIRTHS:
                children += self._twins(child)
        return children

    def _like_a_parent(self, child: Person, father: Person, mother: Person) -> None:
        rng = self.rng
        if child.sex == "M" and rng.random() < JUNIORS:
            child.given = (father.given[0], *child.given[1:])
            child.cases.append("father_son")
            father.cases.append("father_son")
        elif child.sex == "F" and rng.random() < MOTHER_DAUGHTER:
            child.given = (mother.given[0], *child.given[1:])
            child.cases.append("mother_daughter")
            mother.cases.append("mother_daughter")
        elif rng.random() < 0.06:
            # Both parents' names, joined.
            child.family = f"{father.family}{rng.choice('- ')}{mother.family}"

    def _twins(self, child: Person) -> list[Person]:
        rng = self.rng
        close = rng.random() < CLOSE_TWINS
        count = 2 if rng.random() < TRIPLETS else 1
        born = [
            self._person(
                child.origin, rng.choice((child.sex, child.sex, "M", "F")), child.family, child.born, child.home
            )
        ]
        if count == 2:
            born.append(self._person(child.origin, rng.choice("MF"), child.family, child.born, child.home))
        if close:
            (child.sex, one), (born[0].sex, other) = draw_twin_names(rng)
            child.given, born[0].given = (one.upper(), *child.given[1:]), (other.upper(), *born[0].given[1:])
            child.cases.append("twin_close_names")
            born[0].cases.append("twin_close_names")
        for twin in born:
            while twin.given[0] == child.given[0]:
                twin.given = (draw_first(rng, twin.sex, twin.born.year, twin.origin).upper(), *twin.given[1:])
            twin.household, twin.parent, twin.mother, twin.twin = child.household, child.parent, child.mother, child
        child.twin = born[0]
        for twin in (child, *born):
            twin.cases.append("triplet" if count == 2 else "twin")
        return born

    def _earlier_children(self, origin: str, father: Person, mother: Person, oldest: int) -> list[Person]:
        """Return children of one partner's former couple, with the name of the other parent who lives elsewhere."""
        rng = self.rng
        parent = rng.choice((father, mother))
        name = father.family if parent is father else draw_surname(rng, origin).upper()
        elsewhere = self.geography.draw_home(rng, father.home.code[:2])
        found = []
        for _ in range(rng.choice((1, 1, 2))):
            born = self._born(self.today.year - rng.randint(min(4, oldest), max(4, oldest)))
            child = self._person(origin, rng.choice("MF"), name, born, father.home)
            child.parent, child.mother = parent, mother if parent is mother else None
            child.household, child.former_home = parent.household, elsewhere
            child.cases.append("remarried_family")
            found.append(child)
        if parent is mother and mother.used_family:
            mother.former_used = name
        return found

    def _grandparents(self, father: Person, mother: Person) -> list[Person]:
        """Return an old couple in the street, with the names of one of the parents."""
        rng = self.rng
        self.households += 1
        home = self.geography.draw_neighbour(rng, father.home)
        elder = self._couple(father.origin, home, self.today.year - father.born.year + rng.randint(22, 34))
        child = father if rng.random() < 0.6 else mother
        elder[0].family = child.family
        if elder[1].used_family:
            elder[1].used_family = child.family
        if child is father and rng.random() < 0.12:
            father.given = (elder[0].given[0], *father.given[1:])
            father.cases.append("father_son")
            elder[0].cases.append("father_son")
        for person in elder:
            person.cases.append("grandparent")
        return elder

    def _street_homonym(self, person: Person) -> list[Person]:
        """Return somebody of the same first and last name in the same street, born another year."""
        rng = self.rng
        self.households += 1
        years = rng.choice((1, -1)) * rng.randint(1, 40)
        born = self._born(min(max(person.born.year + years, 1922), self.today.year - 1))
        other = self._person(
            person.origin, person.sex, person.family, born, self.geography.draw_neighbour(rng, person.home)
        )
        other.given = (person.given[0], *other.given[1:])
        other.cases.append("homonym_street")
        person.cases.append("homonym_street")
        return [other]

    def _homonym(self, person: Person) -> list[Person]:
        """Return somebody else of the same names and the same day of birth."""
        rng = self.rng
        self.households += 1
        home = self.geography.draw_home(rng)
        other = self._person(person.origin, person.sex, person.family, person.born, home)
        other.given = (person.given[0], *other.given[1:])
        other.cases.append("homonym")
        self._complete([other])
        return [other]

    def _remember(self, members: list[Person]) -> None:
        """Keep a few persons of common names, so that somebody of the same name and day may come later."""
        person = self.rng.choice(members)
        if person.family.title() in COMMON_FRENCH or self.rng.random() < 0.05:
            if len(self.namesakes) < 200:
                self.namesakes.append(person)
            else:
                self.namesakes[self.rng.randrange(200)] = person

    def _complete(self, members: list[Person]) -> None:
        """Give births, matricules, former homes and contacts to the persons of a family."""
        rng = self.rng
        landlines: dict[int, str] = {}
        homes: dict[int, Home | None] = {}
        for person in members:
            self._give_birth_place(person)
            self._give_matricule(person)
            if person.household not in landlines:
                landlines[person.household] = self._landline(person.home) if rng.random() < 0.55 else ""
                near = person.home.code[:2] if rng.random() < 0.8 else None
                homes[person.household] = self.geography.draw_home(rng, near) if rng.random() < 0.6 else None
            person.landline = landlines[person.household]
            person.former_home = person.former_home or homes[person.household]
            self._give_contacts(person)
            if len(person.given) > 1 and rng.random() < 0.05:
                person.used_given = person.given[1]
            elif rng.random() < 0.01:
                person.used_given = draw_first(rng, person.sex, person.born.year, person.origin).upper()

    def _give_birth_place(self, person: Person) -> None:
        if person.twin is not None and person.twin.place:
            person.place, person.other_place = person.twin.place, person.twin.other_place
            return
        person.place = self.geography.draw_birth_place(self.rng, person.origin, person.born.year, person.home)
        person.other_place = self.geography.other_code(person.place) or ""
        if person.place.startswith("99") and self.rng.random() < PRESUMED_DATES.get(person.origin, 0.01):
            month, day = self.rng.choice(((1, 1), (1, 1), (12, 31)))
            born = person.born.replace(month=month, day=day)
            if person.twin is None and "homonym" not in person.cases and born < self.today:
                person.born = born
                person.cases.append("presumed_birth")

    def _give_matricule(self, person: Person) -> None:
        if self.rng.random() < (0.10 if person.place.startswith("99") else 0.004):
            return
        person.ins = self.matricule("1" if person.sex == "M" else "2", person)

    def matricule(self, first: str, person: Person) -> str:
        """Return a matricule that nobody else has: a NIR (1, 2) or a NIA (7, 8)."""
        stem = f"{first}{person.born:%y%m}{person.place}"
        order = self.orders.get(stem, self.rng.randint(0, 300)) + self.rng.randint(1, 3)
        self.orders[stem] = order
        if order > 999:
            return ""
        thirteen = f"{stem}{order:03d}"
        return thirteen + nir_key(thirteen)

    def _landline(self, home: Home) -> str:
        digits = f"{self.rng.randrange(10_000_000):07d}"
        return f"{REGION_DIALS.get(home.code[:2], '04')}{self.rng.choice('23456789')}{digits}"

    def mobile(self) -> str:
        """Return any mobile number: 06, or 07 for one in four."""
        start = "07" if self.rng.random() < 0.27 else "06"
        return f"{start}{self.rng.randrange(100_000_000):08d}"

    def _give_contacts(self, person: Person) -> None:
        rng = self.rng
        age = self.today.year - person.born.year
        if age < 16:
            return
        if rng.random() < (0.95 if age < 70 else 0.62):
            person.mobile = self.mobile()
            if rng.random() < 0.3:
                person.former_mobile = self.mobile()
        if rng.random() < (0.85 if age < 65 else 0.45):
            person.email = self._mailbox(person)

    def _mailbox(self, person: Person) -> str:
        rng = self.rng
        given, family = ascii_lower(person.given[0]), ascii_lower(person.used_family or person.family)
        form = rng.random()
        if form < 0.45:
            name = f"{given}.{family}"
        elif form < 0.65:
            name = f"{given[0]}{family}"
        elif form < 0.8:
            name = f"{family}{given}{person.born:%y}"
        else:
            name = f"{given}{rng.randrange(1000):02d}"
        suffix = "" if rng.random() < 0.6 else str(rng.randrange(1, 999))
        return f"{name}{suffix}@{rng.choice(MAILBOXES)}"


# First two digits of a landline, by department; the others are those of the South-East.
REGION_DIALS = {
    code: dial
    for dial, codes in {
        "01": "75 77 78 91 92 93 94 95",
        "02": "14 18 22 27 28 29 35 36 37 41 44 45 49 50 53 56 61 72 76 85",
        "03": "02 08 10 21 25 39 51 52 54 55 57 58 59 60 62 67 68 70 71 80 88 89 90",
        "05": "09 12 16 17 19 23 24 31 32 33 40 46 47 64 65 79 81 82 86 87",
    }.items()
    for code in codes.split()
}
