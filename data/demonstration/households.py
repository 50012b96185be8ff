"""Compose the households of the invented region: who lives with whom, parents, children and twins.

people.py draws the traits of each member.
"""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from people import (
    DRAWN_NUMBERS,
    SURNAMES,
    Draft,
    Draw,
    Person,
    age_on,
    draw_address,
    draw_birth_date,
    draw_birth_place,
    draw_contact,
    draw_given,
    draw_matricule,
    draw_origin,
)
from region import LANDLINES

MAIDEN_NAME_KEPT = 0.20
DOUBLE_NAME = 0.08
TWIN_BIRTHS = 0.018
JUNIORS = 0.03


def draw_household(draw: Draw, number: int) -> list[Person]:
    """Return the people who live together, the head first, still without person id."""
    rng = draw.rng
    kind = rng.choices(("single", "couple", "family", "one_parent"), (0.37, 0.31, 0.24, 0.08))[0]
    origin = draw_origin(rng)
    drafts = [_complete(draw, draft) for draft in _adults(draw, kind, origin)]
    if kind in ("family", "one_parent"):
        drafts += [_complete(draw, draft) for draft in _children(draw, drafts, origin)]
    household = f"H{number:07d}"
    return settle(draw, household, drafts)


def draw_junior(draw: Draw, number: int, father: Person) -> list[Person]:
    """Return the household of a grown son who bears his father's names."""
    born = draw_birth_date(draw.rng, father.birth_date.year + draw.rng.randint(21, 33), draw.today)
    draft = Draft("M", father.birth_family, born, "french", given=father.given[:1], cases=("father_son",))
    return settle(draw, f"H{number:07d}", [_complete(draw, draft)])


def settle(draw: Draw, household: str, drafts: list[Draft]) -> list[Person]:
    """Give a household its address and contacts, and make its persons, still without id."""
    address, previous = draw_address(draw), draw_address(draw)
    landline = f"{draw.rng.choice(LANDLINES)}{draw.rng.randrange(DRAWN_NUMBERS):04d}"
    head = draw_contact(draw, drafts[0], landline)
    persons = []
    for rank, draft in enumerate(drafts):
        minor = age_on(draft.birth_date, draw.today) < 16
        contact = head if rank == 0 or minor else draw_contact(draw, draft, landline)
        persons.append(
            Person(
                person_id="",
                household_id=household,
                sex=draft.sex,
                birth_family=draft.family,
                used_family=draft.used_family,
                given=draft.given,
                used_given=_draw_used_given(draw.rng, draft),
                birth_date=draft.birth_date,
                birth_place=draft.birth_place,
                ins=_draw_ins(draw, draft),
                address=address,
                previous=previous,
                contact=contact,
                household_contact=head,
                death_date=_draw_death(draw, draft),
                known_on=draw.today,
                cases=draft.cases,
            )
        )
    return persons


def _adults(draw: Draw, kind: str, origin: str) -> list[Draft]:
    rng, year = draw.rng, draw.today.year
    if kind == "single":
        age = rng.choices((rng.randint(19, 35), rng.randint(36, 66), rng.randint(67, 99)), (0.36, 0.34, 0.30))[0]
        sex = rng.choices("MF", (0.5, 0.5) if age < 67 else (0.27, 0.73))[0]
        adult = Draft(sex, SURNAMES[origin].draw(rng), draw_birth_date(rng, year - age, draw.today), origin)
        widowed = sex == "F" and age > 45 and rng.random() < 0.6
        return [replace(adult, used_family=SURNAMES[origin].draw(rng)) if widowed else adult]
    if kind == "one_parent":
        sex = rng.choices("MF", (0.18, 0.82))[0]
        born = draw_birth_date(rng, year - rng.randint(24, 54), draw.today)
        return [Draft(sex, SURNAMES[origin].draw(rng), born, origin)]
    low, high = (23, 92) if kind == "couple" else (27, 62)
    age = round(rng.triangular(low, high, 63 if kind == "couple" else 45))
    husband = Draft("M", SURNAMES[origin].draw(rng), draw_birth_date(rng, year - age, draw.today), origin)
    her_origin = origin if rng.random() < 0.85 else "french"
    her_age = min(max(age - rng.randint(-3, 7), 20), 95)
    wife = Draft("F", SURNAMES[her_origin].draw(rng), draw_birth_date(rng, year - her_age, draw.today), her_origin)
    return [husband, replace(wife, used_family=_married_name(rng, wife.family, husband.family, age))]


def _married_name(rng: Random, own: str, husband: str, age: int) -> str:
    chance = rng.random()
    if own == husband or chance < MAIDEN_NAME_KEPT + (0.25 if age < 40 else 0):
        return ""
    if chance > 1 - DOUBLE_NAME:
        return f"{own}-{husband}"
    return husband


def _children(draw: Draw, parents: list[Draft], origin: str) -> list[Draft]:
    rng, today = draw.rng, draw.today
    mother = parents[-1]
    youngest_age = max(0, age_on(mother.birth_date, today) - 43)
    oldest_age = min(25, age_on(mother.birth_date, today) - 19)
    if oldest_age < youngest_age:
        return []
    children: list[Draft] = []
    for _ in range(rng.choices((1, 2, 3, 4), (0.36, 0.40, 0.18, 0.06))[0]):
        born = draw_birth_date(rng, today.year - rng.randint(youngest_age, oldest_age), today)
        if any(abs((born - child.birth_date).days) < 300 for child in children):
            continue
        child = Draft(rng.choice("MF"), parents[0].family, born, origin)
        if child.sex == "M" and parents[0].sex == "M" and rng.random() < JUNIORS:
            child = replace(child, given=parents[0].given[:1], cases=("father_son",))
        children += _twins(draw, child) if rng.random() < TWIN_BIRTHS and not child.cases else [child]
    return children


def _twins(draw: Draw, child: Draft) -> list[Draft]:
    """Return a child and a twin of another first name, born the same day in the same place."""
    eldest = replace(_complete(draw, child), cases=("twin",))
    other = replace(eldest, sex=draw.rng.choice((child.sex, "M", "F")))
    while other.given[0] == eldest.given[0]:
        other = replace(other, given=draw_given(draw.rng, other.sex, child.birth_date.year, child.origin))
    return [eldest, other]


def _complete(draw: Draw, draft: Draft) -> Draft:
    given = draft.given or draw_given(draw.rng, draft.sex, draft.birth_date.year, draft.origin)
    return replace(draft, given=given, birth_place=draft.birth_place or draw_birth_place(draw, draft))


def _draw_used_given(rng: Random, draft: Draft) -> str:
    return draft.given[1] if len(draft.given) > 1 and rng.random() < 0.05 else ""


def _draw_ins(draw: Draw, draft: Draft) -> str:
    absent = 0.12 if draft.birth_place.startswith("99") else 0.005
    if draw.rng.random() < absent:
        return ""
    return draw_matricule(draw, draft.sex, draft.birth_date, draft.birth_place)


def _draw_death(draw: Draw, draft: Draft) -> date | None:
    age = age_on(draft.birth_date, draw.today)
    if draw.rng.random() >= (0.002 if age < 60 else 0.01 if age < 75 else 0.06):
        return None
    return max(draft.birth_date, draw.today - timedelta(days=draw.rng.randrange(5, 900)))
