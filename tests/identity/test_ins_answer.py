"""INSi's traits beside those of an identity."""

from dataclasses import replace

import pytest

from identity.ins_answer import Likeness, ReportedIdentity, compare, overall, with_reported
from identity.traits import BirthDate, Sex
from tests.identity.factories import make_ins, make_traits

REPORTED = make_traits(
    birth_name="D'ORNANO", given="ANGE-TOUSSAINT PAUL", born="1985-05-12", sex=Sex.MALE, place="2A004"
)
SAME, LIKE, OTHER = Likeness.IDENTICAL, Likeness.EQUIVALENT, Likeness.DIFFERENT


@pytest.mark.parametrize(
    ("change", "trait", "likeness"),
    [
        ({}, "birth_name", SAME),
        ({"birth_name": "D ORNANO"}, "birth_name", LIKE),
        ({"birth_name": "D-ORNANO"}, "birth_name", LIKE),
        ({"birth_name": "ORNANO"}, "birth_name", OTHER),
        ({"birth_name": None}, "birth_name", OTHER),
        ({"given_names": ("ANGE-TOUSSAINT",)}, "given_names", LIKE),
        ({"given_names": ("ANGE", "TOUSSAINT", "PAUL")}, "given_names", LIKE),
        ({"given_names": ("PAUL",)}, "given_names", OTHER),
        ({"given_names": ("ANGE-TOUSSAINT", "PAUL", "LUC")}, "given_names", OTHER),
        ({"given_names": ()}, "given_names", OTHER),
        ({"birth_date": BirthDate(1985, 5, 21)}, "birth_date", OTHER),
        ({"birth_date": BirthDate(1985, 5, 12, presumed=True)}, "birth_date", LIKE),
        ({"birth_date": BirthDate(1985, 5)}, "birth_date", OTHER),
        ({"sex": Sex.UNKNOWN}, "sex", OTHER),
        ({"birth_place": "2B033"}, "birth_place", OTHER),
        ({"birth_place": "99999"}, "birth_place", LIKE),
        ({"birth_place": None}, "birth_place", LIKE),
    ],
)
def test_each_trait_is_compared(change: dict[str, object], trait: str, likeness: Likeness) -> None:
    local = replace(REPORTED, **change)  # type: ignore[arg-type]

    found = {item.trait: item.likeness for item in compare(local, REPORTED)}

    assert found == dict.fromkeys(found, SAME) | {trait: likeness}
    assert overall(compare(local, REPORTED)) is likeness


def test_the_worst_trait_decides() -> None:
    local = replace(REPORTED, birth_name="D ORNANO", sex=Sex.FEMALE)

    assert overall(compare(local, REPORTED)) is OTHER


def test_accepted_traits_are_kept_as_insi_writes_them() -> None:
    local = make_traits(birth_name="D ORNANO", used_name="PIETRI", phone="+33639980001", place="2A004")

    after = with_reported(local, ReportedIdentity(make_ins("185052A004994"), replace(REPORTED, birth_place=None)))

    assert (after.birth_name, after.given_names) == ("D'ORNANO", ("ANGE-TOUSSAINT", "PAUL"))
    assert (after.used_name, after.phone, after.birth_place) == ("PIETRI", "+33639980001", "2A004")
    assert after.ins == make_ins("185052A004994")
