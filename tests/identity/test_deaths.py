"""Which death is held of a person, and what contradicts it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from identity import deaths
from identity.deaths import Activity, ActivityKind, DeathDate, DeathState, Teller, ToldDeath
from identity.traits import BirthDate, TraitError

TOLD_AT = datetime(2026, 4, 1, tzinfo=UTC)
BORN = BirthDate(1946, 3, 14)


def make_told(
    when: str | None = "2026-03-01",
    teller: Teller = Teller.FILE,
    state: DeathState = DeathState.FLAGGED,
    identity_id: int = 1,
    **more: datetime,
) -> ToldDeath:
    moments = {"told_at": TOLD_AT} | more
    return ToldDeath(identity_id, teller, DeathDate.parse(when) if when else None, state, **moments)


def make_activity(kind: ActivityKind, day: str, identity_id: int = 2) -> Activity:
    return Activity(identity_id, kind, datetime.fromisoformat(day).replace(tzinfo=UTC))


def codes(told: list[ToldDeath], *activities: Activity, born: BirthDate = BORN) -> list[str]:
    return [item.reason.code for item in deaths.contradictions(told, [born], activities)]


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03", "2026"])
def test_a_date_is_written_as_it_was_read(text: str) -> None:
    assert DeathDate.parse(text).iso() == text


@pytest.mark.parametrize("text", ["", "2026-13-01", "2026-02-30", "01/03/2026", "0026-03-01", "²026-03-01"])
def test_a_date_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(TraitError, match="décès"):
        DeathDate.parse(text)


def test_a_partial_date_may_be_any_of_its_days() -> None:
    month = DeathDate(2024, 2)

    assert (month.first_day, month.last_day) == (date(2024, 2, 1), date(2024, 2, 29))
    assert month.exact_day is None
    assert month.may_be(DeathDate(2024, 2, 29))
    assert month.may_be(DeathDate(2024))
    assert not month.may_be(DeathDate(2024, 3, 1))


@pytest.mark.parametrize("state", [DeathState.PROPOSED, DeathState.REFUTED])
def test_nobody_is_dead_by_what_is_only_proposed_or_was_refuted(state: DeathState) -> None:
    assert not deaths.is_deceased([make_told(state=state)])
    assert deaths.contradictions([make_told(state=state)], [BirthDate(2030, 1, 1)], []) == ()


def test_a_confirmed_death_comes_before_a_structure_s_and_a_structure_s_before_the_file_s() -> None:
    file, feed = make_told("2026-03-01"), make_told("2026-03-02", Teller.FEED)
    confirmed = make_told("2026-03-03", state=DeathState.CONFIRMED)

    assert deaths.death_of_person([file, feed, confirmed]) is confirmed
    assert deaths.death_of_person([file, feed]) is feed
    assert deaths.death_of_person([make_told("2026"), file]) is file


def test_only_what_an_officer_or_a_structure_says_is_a_fact() -> None:
    assert not make_told().is_fact
    assert make_told(state=DeathState.CONFIRMED).is_fact
    assert make_told(teller=Teller.FEED).is_fact
    assert not make_told(teller=Teller.FEED, state=DeathState.REFUTED).is_fact


def test_two_dates_contradict_each_other_unless_one_says_less() -> None:
    assert codes([make_told("2026-03-01"), make_told("2026-03-09", Teller.FEED)]) == ["death-dates-differ"]
    assert codes([make_told("2026-03"), make_told("2026-03-09", Teller.FEED)]) == []


def test_a_death_to_come_is_not_held_and_is_told() -> None:
    tomorrow, later = make_told("2026-04-02", Teller.FEED), make_told("2026-04-03", Teller.FEED)

    assert deaths.is_deceased([tomorrow])
    assert not deaths.is_deceased([later])
    assert codes([later]) == ["death-to-come"]
    assert deaths.is_deceased([make_told("2026-04-03", state=DeathState.CONFIRMED)])


def test_a_death_before_the_birth_is_told() -> None:
    assert codes([make_told("1946-03-13")]) == ["death-before-birth"]
    assert codes([make_told("1946-03-14")]) == []


def test_a_birth_date_completed_by_rule_may_be_any_of_its_year() -> None:
    assert codes([make_told("1946-03-13")], born=BirthDate(1946, 12, 31, presumed=True)) == []


@pytest.mark.parametrize(
    ("kind", "day", "expected"),
    [
        (ActivityKind.CREATED, "2026-03-02", []),
        (ActivityKind.CREATED, "2026-03-03", ["created-after-death"]),
        (ActivityKind.CHANGED, "2026-03-02", []),
        (ActivityKind.CHANGED, "2026-03-03", ["changed-after-death"]),
        (ActivityKind.DOCUMENT, "2026-03-31", []),
        (ActivityKind.DOCUMENT, "2026-04-01", ["document-after-death"]),
    ],
)
def test_what_somebody_alive_does_contradicts_a_death(kind: ActivityKind, day: str, expected: list[str]) -> None:
    assert codes([make_told()], make_activity(kind, day)) == expected


def test_a_structure_that_tells_the_death_contradicts_it_only_by_documents() -> None:
    feed = make_told(teller=Teller.FEED, identity_id=2)

    assert codes([feed], make_activity(ActivityKind.CREATED, "2026-06-01")) == []
    assert codes([feed], make_activity(ActivityKind.DOCUMENT, "2026-06-01")) == ["document-after-death"]


def test_what_an_officer_confirmed_is_contradicted_only_by_what_comes_later() -> None:
    confirmed = make_told(state=DeathState.CONFIRMED, decided_at=TOLD_AT + timedelta(days=1))
    later = make_told("2026-01-01", Teller.FEED, told_at=TOLD_AT + timedelta(days=2))

    assert codes([confirmed, make_told("2026-01-01")], make_activity(ActivityKind.CREATED, "2026-03-20")) == []
    assert codes([confirmed, later]) == ["death-dates-differ"]
    assert codes([confirmed], make_activity(ActivityKind.CREATED, "2026-05-01")) == ["created-after-death"]


def test_a_death_of_which_nobody_knows_the_date_gives_way_to_one_that_is_dated() -> None:
    undated = make_told(None, Teller.FEED, DeathState.CONFIRMED)
    dated = make_told("2026-03", state=DeathState.CONFIRMED)

    assert deaths.death_of_person([undated, make_told("2026-03-01", Teller.FEED)]) is undated
    assert deaths.death_of_person([undated, dated]) is dated
    assert deaths.may_be_one(undated.when, dated.when)
    assert not deaths.may_be_one(dated.when, DeathDate(2026, 4))


def test_a_date_told_after_a_death_was_confirmed_without_one_is_asked_and_contradicts_nothing_else() -> None:
    undated = make_told(None, Teller.FEED, DeathState.CONFIRMED, decided_at=TOLD_AT + timedelta(days=1))
    later = make_told("2026-01-01", told_at=TOLD_AT + timedelta(days=2))

    assert codes([undated]) == []
    assert codes([undated, make_told("2026-01-01")]) == []
    assert codes([undated, later]) == ["death-dated-since"]


def test_a_death_without_a_date_was_at_the_latest_when_it_was_told() -> None:
    undated = make_told(None, Teller.FEED, DeathState.CONFIRMED, decided_at=TOLD_AT + timedelta(days=1))

    assert codes([undated], make_activity(ActivityKind.CREATED, "2026-03-20")) == []
    assert codes([undated], make_activity(ActivityKind.CREATED, "2026-05-01")) == ["created-after-death"]


@pytest.mark.parametrize(
    ("when", "born", "is_before"),
    [
        ("1946-03-13", BORN, True),
        ("1946-03", BORN, False),
        ("1946", BirthDate(1946, 12, 31, presumed=True), False),
        ("1945", BirthDate(1946), True),
    ],
)
def test_a_date_of_death_precedes_the_birth_only_when_it_does_at_the_latest(
    when: str, born: BirthDate, is_before: bool
) -> None:
    assert deaths.is_before_birth(DeathDate.parse(when), born) is is_before
