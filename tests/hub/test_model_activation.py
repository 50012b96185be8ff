"""A model is proposed by one officer, approved by another, tried before, taken back; decisions follow at once."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from hub import db
from hub.accounts import staff
from hub.accounts.staff import StaffMember
from hub.accounts.tables import StaffUser
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM
from hub.cli import main
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from hub.linkage import decided, figures, models, trial
from hub.linkage.figures import Measured
from hub.linkage.models import KnownModel, ModelState, Proposal
from hub.linkage.tables import LinkageModel
from hub.registry.tables import LinkageDecision, SourceIdentity
from hub.registry.tasks import TaskState
from identity.decision import Outcome
from tests.factories import make_staff, make_structure, parts_of
from tests.hub.registry.people import PAUL, SOLENE, at_once, doubtful_pair, incoming, open_tasks, rows, send, settle
from tests.identity.factories import MODEL_FILE

SHIPPED = "2026-8"


def make_text(version: str = "2027-1", **changes: object) -> str:
    return json.dumps(json.loads(MODEL_FILE.read_text(encoding="utf-8")) | {"version": version} | changes)


def make_figures(text: str, **changes: object) -> str:
    """Write the figures of a model as `hub model evaluate --json` does, those that are shown."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    shipped = {
        "wrong": {"count": 3, "total": 12_345, "low": 0.0001, "high": 0.001},
        "recall": 0.9871,
        "with_review": 0.9968,
        "reviews_per_100": 4.2,
    }
    found = {"records": 50_000, "true_pairs": 12_500, "shipped": shipped, "grouped": {"mixed_per_100000": 1.5}}
    content = {"version": json.loads(text)["version"], "model": digest, "file": "region.csv", "figures": found}
    return json.dumps(content | changes)


def make_officer(app: Flask) -> StaffMember:
    credential = make_staff(app, None)
    with app.app_context(), db.reading() as session:
        return staff.by_id(session, credential.id)


def propose(app: Flask, member: StaffMember, text: str | None = None, **more: str) -> KnownModel:
    proposal = Proposal(text or make_text(), **{"reason": "mesuré sur trois régions", **more})
    with app.app_context(), db.transaction() as session:
        return models.propose(session, proposal, SHIPPED, member, parts_of(app).trail, SYSTEM)


def approve(app: Flask, member: StaffMember, version: str = "2027-1") -> KnownModel:
    with app.app_context(), db.transaction() as session:
        return models.approve(session, version, member, parts_of(app).trail, SYSTEM)


def roll_back(app: Flask, member: StaffMember) -> models.Return:
    with app.app_context(), db.transaction() as session:
        return models.roll_back(session, "trop de revues", member, parts_of(app).trail, SYSTEM)


def deciding(app: Flask) -> str:
    with app.app_context():
        return parts_of(app).registrar.model.version


@pytest.fixture
def officers(app: Flask) -> tuple[StaffMember, StaffMember]:
    return make_officer(app), make_officer(app)


Officers = tuple[StaffMember, StaffMember]


def test_without_any_model_in_the_base_the_file_of_the_setting_decides(app: Flask) -> None:
    assert deciding(app) == SHIPPED


def test_a_proposed_model_decides_nothing_until_another_officer_approves_it(app: Flask, officers: Officers) -> None:
    proposed = propose(app, officers[0])
    before = deciding(app)
    approved = approve(app, officers[1])

    assert proposed.state is ModelState.PROPOSED
    assert proposed.sha256 == hashlib.sha256(make_text().encode()).hexdigest()
    assert (before, deciding(app)) == (SHIPPED, "2027-1")
    assert (approved.state, approved.approved_by) == (ModelState.IN_FORCE, officers[1].id)


def test_a_decision_keeps_the_version_that_took_it_without_a_restart(app: Flask, officers: Officers) -> None:
    structure = make_structure(app)
    send(app, incoming(structure, "1", SOLENE))
    propose(app, officers[0])
    approve(app, officers[1])
    send(app, incoming(structure, "2", PAUL))
    roll_back(app, officers[0])
    send(app, incoming(structure, "3", replace(PAUL, birth_name="LEGOFF")))

    versions = [row.model_version for row in rows(app, LinkageDecision)]

    assert versions == [SHIPPED, "2027-1", SHIPPED]


def test_the_activation_of_another_process_is_seen_inside_a_transaction(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])
    parts = parts_of(app)
    with app.app_context(), db.transaction() as session:
        before = parts.registrar.model.version
        models.approve(session, "2027-1", officers[1], parts.trail, SYSTEM)
        after = parts.registrar.model.version

    assert (before, after) == (SHIPPED, "2027-1")


def test_one_cannot_approve_ones_own_proposal(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])

    with pytest.raises(Forbidden, match="à deux"):
        approve(app, officers[0])

    assert deciding(app) == SHIPPED


def test_the_database_itself_refuses_that_one_person_does_both(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])
    statement = sa.update(LinkageModel).values(approved_by=officers[0].id, activated_at=sa.func.current_timestamp())

    with app.app_context(), pytest.raises(sa.exc.IntegrityError), db.transaction() as session:
        session.execute(statement)


def test_members_of_a_practice_have_no_say(app: Flask, officers: Officers) -> None:
    credential = make_staff(app, make_structure(app))
    with app.app_context(), db.reading() as session:
        member = staff.by_id(session, credential.id)
    propose(app, officers[0])

    for act in (
        lambda: propose(app, member, make_text("x")),
        lambda: approve(app, member),
        lambda: roll_back(app, member),
    ):
        with pytest.raises(Forbidden):
            act()


def test_going_back_gives_the_model_before_then_the_file(app: Flask, officers: Officers) -> None:
    for version in ("2027-1", "2027-2"):
        propose(app, officers[0], make_text(version))
        approve(app, officers[1], version)

    first, second = roll_back(app, officers[0]), roll_back(app, officers[1])

    assert first.former.version == "2027-2"
    assert first.present is not None
    assert first.present.version == "2027-1"
    assert first.former.retired_reason == "trop de revues"
    assert second.present is None
    assert deciding(app) == SHIPPED


def test_there_is_nothing_to_go_back_to_before_the_first_activation(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])

    with pytest.raises(Conflict, match="Aucun modèle activé"):
        roll_back(app, officers[0])


def test_a_version_names_one_text_only(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])

    for version in ("2027-1", SHIPPED):
        with pytest.raises(Conflict, match="déjà connue"):
            propose(app, officers[1], make_text(version, how_made="autrement"))


def test_a_model_that_was_taken_back_or_is_in_force_is_not_approved_again(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])
    approve(app, officers[1])

    with pytest.raises(Conflict):
        approve(app, officers[1])
    roll_back(app, officers[0])
    with pytest.raises(Conflict):
        approve(app, officers[1])


def test_two_officers_who_approve_at_once_activate_once(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])
    third = make_officer(app)

    results = at_once(app, lambda: approve(app, officers[1]), lambda: approve(app, third))

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "KnownModel"]
    assert len(rows(app, AuditEvent, AuditEvent.action == "model.approve")) == 1


def test_each_act_is_in_the_trail_with_the_fingerprint(app: Flask, officers: Officers) -> None:
    known = propose(app, officers[0])
    approve(app, officers[1])
    roll_back(app, officers[0])

    events = rows(app, AuditEvent, AuditEvent.subject_kind == "linkage_model")

    assert [event.action for event in events] == ["model.propose", "model.approve", "model.rollback"]
    assert [event.detail["by"] for event in events] == [officers[0].id, officers[1].id, officers[0].id]
    assert {event.detail["sha256"] for event in events} == {known.sha256}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "JSON"),
        (make_text(format=1), "format"),
        (make_text(levels={}), "surname"),
        (make_text(version="v" * 41), "version"),
    ],
    ids=["not JSON", "format", "incomplete", "long version"],
)
def test_a_model_that_cannot_be_used_is_not_proposed(app: Flask, officers: Officers, text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        propose(app, officers[0], text)


@pytest.mark.parametrize("reason", ["  ", "x" * 1001], ids=["empty", "too long"])
def test_a_proposal_needs_a_reason(app: Flask, officers: Officers, reason: str) -> None:
    with pytest.raises(Invalid, match="otif"):
        propose(app, officers[0], reason=reason)


def test_figures_are_kept_when_they_are_of_this_model(app: Flask, officers: Officers) -> None:
    right = make_figures(make_text())

    for wrong in ("{", "[]", make_figures(make_text(), model="0"), make_figures(make_text(), figures={})):
        with pytest.raises(Invalid, match="chiffres"):
            propose(app, officers[0], figures=wrong)
    known = propose(app, officers[0], figures=right)

    assert known.figures is not None
    assert figures.measured(known.figures) == Measured(
        "region.csv", 50_000, 12_500, 3, 12_345, 0.001, 0.9871, 0.9968, 4.2, 1.5
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"file": 1},
        {"file": "a\nb"},
        {"figures": None},
        {"figures": {"records": True}},
        {"figures": {"records": -1}},
        {"figures": {"records": 10**400}},
    ],
    ids=["number", "two lines", "none", "boolean", "negative", "endless"],
)
def test_figures_that_cannot_be_shown_are_none(changes: dict[str, object]) -> None:
    assert figures.measured(json.loads(make_figures(make_text())) | changes) is None


def test_a_refused_model_is_never_in_force_and_keeps_its_version(app: Flask, officers: Officers) -> None:
    known = propose(app, officers[0])
    with app.app_context(), db.transaction() as session:
        refused = models.refuse(session, known.id, "trop de liens faux", officers[1], parts_of(app).trail, SYSTEM)
        waiting = models.count_pending(session)

    assert (refused.state, refused.activated_at, refused.retired_by) == (ModelState.RETIRED, None, officers[1].id)
    assert waiting == 0
    with pytest.raises(Conflict, match="refusé ou retiré"):
        approve(app, officers[1])
    with pytest.raises(Conflict, match="déjà connue"):
        propose(app, officers[1])
    with pytest.raises(Conflict, match="Aucun modèle activé"):
        roll_back(app, officers[0])


def test_a_model_that_cannot_be_read_is_not_approved(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(LinkageModel).values(text="{}"))

    with pytest.raises(Conflict, match="altéré"):
        approve(app, officers[1])


def test_what_would_decide_after_a_return_is_the_latest_activated_before(app: Flask, officers: Officers) -> None:
    told = []
    for version in ("2027-1", "2027-2", "2027-3"):
        propose(app, officers[0], make_text(version))
    for version in ("2027-2", "2027-1"):
        approve(app, officers[1], version)
        with app.app_context(), db.reading() as session:
            told.append(models.fallback(models.every(session)))

    assert told[0] is None
    assert told[1] is not None
    assert told[1].version == "2027-2"


def test_the_model_in_force_is_checked_against_the_one_seen(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])
    approve(app, officers[1])

    with app.app_context(), db.transaction() as session:
        models.check_in_force(session, "2027-1", SHIPPED)
        with pytest.raises(Conflict, match="c'est 2027-1"):
            models.check_in_force(session, SHIPPED, SHIPPED)


def test_a_model_altered_in_the_base_stops_decisions_until_it_is_taken_back(app: Flask, officers: Officers) -> None:
    propose(app, officers[0])
    approve(app, officers[1])
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(LinkageModel).values(text=make_text(prior=9)))

    with pytest.raises(Unavailable, match="altéré"):
        deciding(app)
    roll_back(app, officers[0])

    assert deciding(app) == SHIPPED


def test_a_trial_counts_what_would_change_and_writes_nothing(app: Flask, officers: Officers) -> None:
    doubtful_pair(app)
    send(app, incoming(make_structure(app), "9", PAUL))
    known = propose(app, officers[0], make_text(thresholds={"link": 60, "review": 50, "margin": 4}))
    before = len(rows(app, LinkageDecision))
    done: list[None] = []

    with app.app_context(), db.reading() as session:
        present = parts_of(app).registrar.model
        proposed = models.read(session, LinkageModel.id == known.id)
        tried = trial.try_out(session, present, proposed, 10, lambda: done.append(None))
        same = trial.try_out(session, present, present, 10, lambda: None)
        one = trial.try_out(session, present, proposed, 1, lambda: None)
        short = trial.try_out(session, present, proposed, 10, lambda: None, lambda: True)

    assert tried.tried == len(done) == 3
    assert tried.outcomes[Outcome.REVIEW, Outcome.NEW] == tried.changed == 2
    assert len(tried.examples) == 2
    assert same.changed == 0
    assert one.tried == 1
    assert short.tried == 1
    assert {change.after.outcome for change in tried.changes} == {Outcome.NEW}
    assert len(rows(app, LinkageDecision)) == before
    assert {row.version for row in rows(app, SourceIdentity)} == {1}


def test_pairs_that_officers_decided_are_read_with_their_last_word(app: Flask) -> None:
    doubtful_pair(app)
    settle(app, open_tasks(app)[0], TaskState.DIFFERENT)

    with app.app_context(), db.reading() as session:
        found = decided.decided_pairs(session)

    assert found.same == (False,)
    assert len(found.table) == 2
    assert sorted(found.table["given_names"].to_pylist()) == ["MARINE MARTHE", "SOLENE MARTHE"]


Hub = Callable[..., Result]


@pytest.fixture
def hub(variables: dict[str, str], app: Flask) -> Hub:
    def run(*arguments: object) -> Result:
        return CliRunner(env=variables).invoke(main, ["model", *map(str, arguments)])

    return run


def test_an_operator_proposes_tries_approves_lists_and_goes_back(
    app: Flask, hub: Hub, officers: Officers, tmp_path: Path
) -> None:
    file = tmp_path / "model.json"
    file.write_text(make_text(), encoding="utf-8")
    send(app, incoming(make_structure(app)))

    proposed = hub("propose", file, "--by", officers[0].login, "--reason", "mesuré")
    tried = hub("dry-run", "2027-1", "--sample", 5)
    own = hub("approve", "2027-1", "--by", officers[0].login)
    approved = hub("approve", "2027-1", "--by", officers[1].login)
    listed = hub("list")
    back = hub("rollback", "--by", officers[1].login, "--reason", "trop de revues")
    nothing = hub("rollback", "--by", officers[1].login, "--reason", "encore")
    after = hub("list")

    assert [done.exit_code for done in (proposed, tried, own, approved, listed, back, nothing, after)] == [
        0, 0, 1, 0, 0, 0, 1, 0,
    ]  # fmt: skip
    assert "1 identité redécidée" in tried.output
    assert "à deux" in own.output
    assert "2027-1  en vigueur" in listed.output
    assert f"{SHIPPED} est en vigueur" in back.output
    assert "Aucun modèle activé" in nothing.output
    assert "retiré le" in after.output
    assert f"{SHIPPED}  fichier de HUB_LINKAGE_MODEL, en vigueur" in after.output


def test_an_operator_refuses_a_model_that_then_cannot_be_approved(
    hub: Hub, officers: Officers, tmp_path: Path
) -> None:
    file = tmp_path / "model.json"
    file.write_text(make_text(), encoding="utf-8")
    hub("propose", file, "--by", officers[0].login, "--reason", "mesuré")

    refused = hub("refuse", "2027-1", "--by", officers[1].login, "--reason", "trop de revues")
    approved = hub("approve", "2027-1", "--by", officers[1].login)
    listed = hub("list")

    assert [done.exit_code for done in (refused, approved, listed)] == [0, 1, 0]
    assert "2027-1  refusé" in listed.output
    assert "refusé le" in listed.output


def test_unknown_people_versions_and_files_are_refused_with_a_sentence(
    hub: Hub, officers: Officers, tmp_path: Path
) -> None:
    file = tmp_path / "model.json"
    file.write_bytes("é".encode("latin-1"))

    for arguments, words in (
        (("propose", MODEL_FILE, "--by", "personne@test.example", "--reason", "x"), "n'existe pas"),
        (("propose", MODEL_FILE, "--by", officers[0].login, "--reason", "x"), "déjà connue"),
        (("propose", file, "--by", officers[0].login, "--reason", "x"), "UTF-8"),
        (("approve", "nothing", "--by", officers[0].login), "Aucun modèle de cette version"),
        (("refuse", "nothing", "--by", officers[0].login, "--reason", "x"), "Aucun modèle de cette version"),
        (("dry-run", "nothing"), "Aucun modèle de cette version"),
        (("rollback", "--by", "personne@test.example", "--reason", "x"), "n'existe pas"),
    ):
        refused = hub(*arguments)
        assert refused.exit_code == 1, arguments
        assert words in refused.output


def test_somebody_who_left_is_unknown(app: Flask, officers: Officers) -> None:
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(StaffUser).where(StaffUser.id == officers[0].id).values(active=False))

    with app.app_context(), db.reading() as session, pytest.raises(NotFound):
        staff.by_login(session, officers[0].login)


def test_officers_pairs_are_learned_from_too(app: Flask, hub: Hub, tmp_path: Path) -> None:
    doubtful_pair(app)
    settle(app, open_tasks(app)[0], TaskState.SAME)
    line = "A{0},moulin,{1},,PAUL,,1951-11-02,M,29019,,,,,,"
    header = (
        "record_id,source,birth_family,used_family,given_names,used_given,birth_date,sex,birth_place,ins,address,"
    )
    names = ("KERVADEC", "KERVADEC", "LEGOFF", "MARTIN")
    lines = [line.format(number, name) for number, name in enumerate(names)]
    (tmp_path / "f.csv").write_text("\n".join([f"{header}postcode,city,phone,email", *lines]), encoding="utf-8")
    (tmp_path / "t.csv").write_text("record_id,person_id\nA0,1\nA1,1\nA2,2\nA3,3\n", encoding="utf-8")
    options = (
        "--file",
        tmp_path / "f.csv",
        "--truth",
        tmp_path / "t.csv",
        "--version",
        "x",
        "--link",
        6,
        "--review",
        0,
    )

    done = hub("train", *options, "--officers", "--out", tmp_path / "m.json")

    assert done.exit_code == 0, done.output
    assert "1 paires décidées par les officiers" in json.loads((tmp_path / "m.json").read_text())["how_made"]
