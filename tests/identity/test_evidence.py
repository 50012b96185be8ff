"""Evidence of high trust: what is accepted, and for whom."""

from datetime import date

import pytest

from identity.evidence import (
    EVIDENCE_LABELS,
    Evidence,
    EvidenceError,
    Proof,
    check_proof,
    is_minor,
    read_proof,
)
from identity.traits import BirthDate

TODAY = date(2026, 11, 23)
ADULT, CHILD = BirthDate(1984, 5, 17), BirthDate(2015, 2, 3)


def test_every_evidence_has_its_label() -> None:
    assert set(EVIDENCE_LABELS) == set(Evidence)


@pytest.mark.parametrize("typed", ["", "PC", "CV", "cn", "permis"])
def test_no_evidence_is_chosen_for_somebody(typed: str) -> None:
    with pytest.raises(EvidenceError) as told:
        read_proof(typed, "")

    assert told.value.field == "evidence"


def test_what_a_form_says_is_read() -> None:
    assert read_proof("PA", "") == Proof(Evidence.PASSPORT)
    assert read_proof("LE", "CN") == Proof(Evidence.FAMILY_BOOK, Evidence.NATIONAL_CARD)


@pytest.mark.parametrize(
    ("proof", "born", "field"),
    [
        (Proof(Evidence.NATIONAL_CARD), ADULT, None),
        (Proof(Evidence.PASSPORT), CHILD, None),
        (Proof(Evidence.CIRCULATION_DOCUMENT), CHILD, None),
        (Proof(Evidence.BIRTH_CERTIFICATE, Evidence.PASSPORT), CHILD, None),
        (Proof(Evidence.RESIDENT_FAMILY_BOOK), ADULT, None),
        (Proof(Evidence.BIRTH_CERTIFICATE), CHILD, "parent"),
        (Proof(Evidence.FAMILY_BOOK, Evidence.BIRTH_CERTIFICATE), CHILD, "parent"),
        (Proof(Evidence.NATIONAL_CARD, Evidence.PASSPORT), ADULT, "parent"),
        (Proof(Evidence.FAMILY_BOOK, Evidence.NATIONAL_CARD), ADULT, "evidence"),
        (Proof(Evidence.CIRCULATION_DOCUMENT), ADULT, "evidence"),
        (Proof(Evidence.CIRCULATION_DOCUMENT), None, "evidence"),
    ],
)
def test_each_is_accepted_for_those_it_is_meant_for(proof: Proof, born: BirthDate | None, field: str | None) -> None:
    if field is None:
        check_proof(proof, born, TODAY)
        return
    with pytest.raises(EvidenceError) as told:
        check_proof(proof, born, TODAY)
    assert told.value.field == field


@pytest.mark.parametrize(
    ("born", "minor"),
    [(BirthDate(2008, 11, 24), True), (BirthDate(2008, 11, 23), False), (BirthDate(2008, 2, 29), False)],
)
def test_majority_comes_on_the_eighteenth_birthday(born: BirthDate, minor: bool) -> None:
    assert is_minor(born, TODAY) is minor
