"""What goes wrong with dates, sex, places of birth, matricules, addresses and contacts.

Each function changes the row of an entry and says whether it could.
"""

import calendar
from datetime import date
from random import Random

from geography import WHOLE_CITIES, Geography
from people import nir_key
from population import Population
from spelling import mistyped
from writing import Entry

SHORT_KINDS = {
    "rue": "R", "avenue": "AV", "boulevard": "BD", "chemin": "CHE", "impasse": "IMP", "place": "PL", "route": "RTE",
    "allée": "ALL", "lotissement": "LOT", "résidence": "RES",
}  # fmt: skip
SHORT_STREETS = (
    ("Général", "GAL"), ("Maréchal", "MAL"), ("Docteur", "DR"), ("Saint", "ST"),
    ("Notre-Dame", "ND"), ("République", "REP"),
)  # fmt: skip
PLACEHOLDER_PHONES = (
    "0600000000",
    "0600000000",
    "0000000000",
    "0606060606",
    "0102030405",
    "0999999999",
    "0612345678",
)
PLACEHOLDER_DATES = ("1900-01-01", "1900-01-01", "1901-01-01", "1970-01-01", "2000-01-01", "1800-01-01")


def _date(entry: Entry, today: date, wrong: date | None) -> bool:
    """Write a date that differs from the right one and is no day to come."""
    if wrong is None or wrong == entry.person.born or wrong > today or wrong.year < 1900:
        return False
    entry.row.birth_date = wrong.isoformat()
    return True


def _day_of(year: int, month: int, day: int) -> date | None:
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return date(year, month, day)


class Facts:
    """The mistakes that need to know the region, the day of the extract and the matricules given out."""

    def __init__(self, geography: Geography, population: Population, today: date) -> None:
        self.geography = geography
        self.population = population
        self.today = today

    def swap_dm(self, entry: Entry, rng: Random) -> bool:
        """Swap day and month."""
        born = entry.person.born
        return _date(entry, self.today, _day_of(born.year, born.day, born.month))

    def day_typo(self, entry: Entry, rng: Random) -> bool:
        born = entry.person.born
        tens, units = divmod(born.day, 10)
        day = rng.choice(
            (born.day - 1, born.day + 1, born.day + 10, born.day - 10, units * 10 + tens, rng.randint(1, 28))
        )
        return _date(entry, self.today, _day_of(born.year, born.month, day))

    def month_typo(self, entry: Entry, rng: Random) -> bool:
        born = entry.person.born
        month = rng.choice((born.month - 1, born.month + 1, rng.randint(1, 12)))
        return _date(entry, self.today, _day_of(born.year, month, born.day))

    def year_off1(self, entry: Entry, rng: Random) -> bool:
        born = entry.person.born
        return _date(entry, self.today, _day_of(born.year + rng.choice((-1, 1)), born.month, born.day))

    def year_off10(self, entry: Entry, rng: Random) -> bool:
        born = entry.person.born
        return _date(entry, self.today, _day_of(born.year + rng.choice((-10, 10)), born.month, born.day))

    def year_century(self, entry: Entry, rng: Random) -> bool:
        """Read the two digits of a year in the other century."""
        born = entry.person.born
        return _date(
            entry, self.today, _day_of(born.year + (100 if born.year < 2000 else -100), born.month, born.day)
        )

    def year_digits(self, entry: Entry, rng: Random) -> bool:
        """Swap the last two digits of the year, or strike another one."""
        born = entry.person.born
        tens, units = divmod(born.year % 100, 10)
        century = born.year - born.year % 100
        year = century + (units * 10 + tens if rng.random() < 0.6 else tens * 10 + rng.randrange(10))
        return _date(entry, self.today, _day_of(year, born.month, born.day))

    def dob_convention(self, entry: Entry, rng: Random) -> bool:
        """Write a day or a month that one does not know by the convention of the structure."""
        born = entry.person.born
        conventions = {"first": (1, 1), "last": (12, 31), "month": (born.month, 1)}
        month, day = conventions[entry.source.unknown_date]
        return _date(entry, self.today, date(born.year, month, day))

    def presumed_convention(self, entry: Entry, rng: Random) -> bool:
        """Write the presumed date of somebody born abroad by another convention than the passport's."""
        born = entry.person.born
        if "presumed_birth" not in entry.person.cases:
            return False
        month, day = rng.choice(((1, 1), (12, 31), (6, 30), (7, 1)))
        return _date(entry, self.today, date(born.year + rng.choice((0, 0, 0, -1, 1)), month, day))

    def dob_placeholder(self, entry: Entry, rng: Random) -> bool:
        placeholder = rng.choice(PLACEHOLDER_DATES)
        if placeholder == entry.row.birth_date:
            return False
        entry.row.birth_date = placeholder
        return True

    def dob_missing(self, entry: Entry, rng: Random) -> bool:
        entry.row.birth_date = ""
        return True

    def sex_flip(self, entry: Entry, rng: Random) -> bool:
        entry.row.sex = "F" if entry.person.sex == "M" else "M"
        return True

    def sex_unknown(self, entry: Entry, rng: Random) -> bool:
        entry.row.sex = rng.choice(("", "U"))
        return True

    def place_residence(self, entry: Entry, rng: Random) -> bool:
        """Type where somebody lives as where they were born."""
        return self._place(entry, entry.person.home.code)

    def place_old(self, entry: Entry, rng: Random) -> bool:
        """Type the code of today, of the whole city or of a merged commune for the one of the day of birth."""
        return self._place(entry, entry.person.other_place)

    def place_neighbour(self, entry: Entry, rng: Random) -> bool:
        """Pick the next line of a list of communes or of countries."""
        place = entry.person.place
        if place.startswith("99"):
            return self._place(entry, rng.choice(("99100", "99999", *self.geography.countries["maghreb"])))
        known = self.geography.by_department[place[:2]]
        if place not in known:
            return False
        rank = known.index(place) + rng.choice((-2, -1, 1, 2))
        return 0 <= rank < len(known) and self._place(entry, known[rank])

    def place_postcode(self, entry: Entry, rng: Random) -> bool:
        """Type a postcode where a code of the COG goes."""
        postcodes = self.geography.postcodes.get(entry.person.place)
        return bool(postcodes) and self._place(entry, postcodes[0])

    def place_typo(self, entry: Entry, rng: Random) -> bool:
        """Mistype a digit of the code."""
        place = entry.person.place
        rank = rng.randrange(2, 5)
        return self._place(entry, f"{place[:rank]}{rng.randrange(10)}{place[rank + 1 :]}")

    def _place(self, entry: Entry, code: str) -> bool:
        if not code or code == entry.person.place:
            return False
        entry.row.birth_place = code
        return True

    def whole_city(self, entry: Entry, rng: Random) -> bool:
        """Type Paris, Lyon or Marseille without the arrondissement: the habit of some software."""
        return entry.person.place.startswith(tuple(WHOLE_CITIES)) and self.place_old(entry, rng)

    def nir_typo(self, entry: Entry, rng: Random) -> bool:
        """Mistype a matricule: its key is wrong, or a character is missing."""
        ins = entry.row.ins
        if not ins:
            return False
        rank = rng.choice((*range(1, 5), *range(10, 15)))
        if rng.random() < 0.15:
            wrong = ins[:rank] + ins[rank + 1 :]
        elif rng.random() < 0.3 and rank < 14:
            wrong = ins[:rank] + ins[rank + 1] + ins[rank] + ins[rank + 2 :]
        else:
            wrong = f"{ins[:rank]}{rng.randrange(10)}{ins[rank + 1 :]}"
        if wrong == ins or _has_right_key(wrong):
            return False
        entry.row.ins = wrong
        return True

    def nir_parent(self, entry: Entry, rng: Random) -> bool:
        """Copy the matricule from the card of the parent who came along."""
        parent = entry.person.parent
        if parent is None or not parent.ins or entry.age > 20 or not entry.row.ins:
            return False
        entry.row.ins = parent.ins
        return True

    def nir_twin(self, entry: Entry, rng: Random) -> bool:
        """Give a twin the matricule of the other."""
        twin = entry.person.twin
        if twin is None or not twin.ins or not entry.row.ins:
            return False
        entry.row.ins = twin.ins
        return True

    def nir_spouse(self, entry: Entry, rng: Random) -> bool:
        """Give somebody the matricule of the spouse, who opened the rights."""
        spouse = entry.person.spouse
        if spouse is None or not spouse.ins or not entry.row.ins:
            return False
        entry.row.ins = spouse.ins
        return True

    def nir_nia(self, entry: Entry, rng: Random) -> bool:
        """Keep the waiting number that somebody had before the matricule."""
        person = entry.person
        if "ins_missing" in entry.labels or not (person.place.startswith("99") or entry.age < 2):
            return False
        number = self.population.matricule("7" if person.sex == "M" else "8", person)
        entry.row.ins = number or entry.row.ins
        return bool(number)

    def moved(self, entry: Entry, rng: Random) -> bool:
        """Keep the former address, and sometimes the phone that went with it."""
        row, person = entry.row, entry.person
        former = person.former_home
        if former is None or not row.address:
            return False
        row.address = f"{former.number} {former.kind} {former.street}"
        row.postcode, row.city = former.postcode, former.city
        if person.former_mobile and row.phone == person.mobile and rng.random() < 0.5:
            row.phone = person.former_mobile
        elif row.phone and row.phone == person.landline:
            row.phone = ""
        return True

    def street_abbrev(self, entry: Entry, rng: Random) -> bool:
        """Shorten the kind of street and its titles."""
        row = entry.row
        number, _, rest = row.address.partition(" ")
        kind, _, street = rest.removeprefix("bis ").partition(" ")
        if kind not in SHORT_KINDS:
            return False
        for title, short in SHORT_STREETS:
            street = street.replace(title, short)
        row.address = f"{number}{' BIS' if rest.startswith('bis ') else ''} {SHORT_KINDS[kind]} {street}"
        return True

    def street_typo(self, entry: Entry, rng: Random) -> bool:
        """Mistype the street, or leave its number out."""
        row = entry.row
        if not row.address:
            return False
        number, _, street = row.address.partition(" ")
        wrong = street if rng.random() < 0.3 else f"{rng.randint(1, 99)} {street}"
        if rng.random() < 0.4:
            wrong = f"{number} {mistyped(street, rng) or street}"
        if wrong == row.address:
            return False
        row.address = wrong
        return True

    def city_form(self, entry: Entry, rng: Random) -> bool:
        """Write CEDEX, ST for SAINT, or spaces for hyphens in the town."""
        row = entry.row
        short = row.city.replace("Saint-", "ST ").replace("-", " ")
        if not row.city:
            return False
        row.city = short if short != row.city else f"{row.city} CEDEX"
        return True

    def new_phone(self, entry: Entry, rng: Random) -> bool:
        """Keep a mobile number that was given up."""
        former = entry.person.former_mobile
        if not former or not entry.row.phone or entry.row.phone == former:
            return False
        entry.row.phone = former
        return True

    def household_phone(self, entry: Entry, rng: Random) -> bool:
        """Write the landline that the household shares."""
        landline = entry.person.landline
        if not landline or not entry.row.phone or entry.row.phone == landline:
            return False
        entry.row.phone = landline
        return True

    def spouse_contact(self, entry: Entry, rng: Random) -> bool:
        """Write the phone of the spouse, or the mailbox that the couple shares."""
        row, spouse = entry.row, entry.person.spouse
        if spouse is None or not spouse.mobile or not row.phone:
            return False
        row.phone = spouse.mobile
        if row.email and spouse.email and rng.random() < 0.5:
            row.email = spouse.email
        return True

    def phone_typo(self, entry: Entry, rng: Random) -> bool:
        phone = entry.row.phone
        if not phone:
            return False
        rank = rng.randrange(2, 10)
        wrong = f"{phone[:rank]}{rng.randrange(10)}{phone[rank + 1 :]}" if rng.random() < 0.85 else phone[:-1]
        if wrong == phone:
            return False
        entry.row.phone = wrong
        return True

    def phone_placeholder(self, entry: Entry, rng: Random) -> bool:
        if not entry.row.phone:
            return False
        entry.row.phone = rng.choice(PLACEHOLDER_PHONES)
        return True

    def email_typo(self, entry: Entry, rng: Random) -> bool:
        name, at, domain = entry.row.email.partition("@")
        wrong = mistyped(name.upper(), rng) if at else None
        if not wrong:
            return False
        entry.row.email = f"{wrong.lower()}@{domain}"
        return True

    def practice_email(self, entry: Entry, rng: Random) -> bool:
        """Write the mailbox of the structure."""
        if "email_missing" in entry.labels:
            return False
        entry.row.email = f"secretariat@{entry.source.code.lower()}.example"
        return True


def _has_right_key(matricule: str) -> bool:
    try:
        return len(matricule) == 15 and matricule[13:] == nir_key(matricule[:13])
    except ValueError:
        # A Corsican letter has moved out of its place.
        return False
