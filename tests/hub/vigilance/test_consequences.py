"""What an act concerns is what it moves: counts before are counts after, values say whose they are."""

from dataclasses import replace

from flask import Flask

from hub import db
from hub.documents.tables import Document
from hub.registry import identities
from hub.registry.tasks import TaskState
from hub.vigilance import consequences, revisions, ties
from hub.vigilance.consequences import Belongings, Merged
from hub.vigilance.ties import TieKind
from tests.factories import make_staff, make_structure
from tests.hub.registry.people import INS_ONE, SOLENE, doubtful_pair, incoming, qualified, send, settle, stored


def preview(app: Flask, *person_ids: int) -> Merged:
    with app.app_context(), db.reading() as session:
        return consequences.of_merge(session, identities.of_persons(session, person_ids))


def belongings(app: Flask, person_id: int) -> Belongings:
    with app.app_context(), db.reading() as session:
        return consequences.belongings(session, identities.of_persons(session, [person_id])[person_id])


def counts(found: Belongings) -> tuple[int, ...]:
    return (
        len(found.identities),
        found.document_count,
        found.delivery_count,
        len(found.accounts),
        found.consent_count,
        len(found.ins),
    )


def add_document(app: Flask, identity_id: int, organization_id: int) -> None:
    staff_id = make_staff(app, make_structure(app)).id
    with app.app_context(), db.transaction() as session:
        session.add(
            Document(
                organization_id=organization_id, source_identity_id=identity_id, title="x", type_code=None,
                content_type="application/pdf", size=1, pages=1, sha256="0" * 64, store_key=f"d/{identity_id}",
                kek_id="k1", wrapped_key=b"x", deposited_by=staff_id, created_at=db.now(session),
            )
        )  # fmt: skip


def test_what_a_merge_announces_is_what_it_makes(app: Flask) -> None:
    pair = doubtful_pair(app)
    for item in (pair.left, pair.right):
        add_document(app, item.identity.id, item.identity.organization_id)
    before = preview(app, pair.left.identity.person_id, pair.right.identity.person_id)

    settle(app, pair.task, TaskState.SAME)

    after = belongings(app, stored(app, pair.left).person_id)
    assert before.survivor_id == stored(app, pair.left).person_id
    assert counts(before.together) == counts(after)
    assert counts(before.moved)[:2] == (1, 1)


def test_a_kept_value_says_whose_it_is_and_that_others_differ(app: Flask) -> None:
    sure = send(app, qualified(make_structure(app), "Q-1", SOLENE, INS_ONE)).identity
    other = send(
        app, incoming(make_structure(app), "B-1", replace(SOLENE, given_names=("MARINE",), phone=None))
    ).identity

    kept = {item.name: item for item in preview(app, sure.person_id, other.person_id).kept}

    assert kept["given_names"].origin_id == sure.id
    assert kept["given_names"].is_disputed
    assert not kept["birth_date"].is_disputed
    assert kept["ins"].origin_id == sure.id


def test_the_ties_of_a_person_say_what_made_them(app: Flask) -> None:
    pair = doubtful_pair(app)
    third = send(app, incoming(make_structure(app), "C-1")).identity
    settle(app, pair.task, TaskState.SAME)

    with app.app_context(), db.reading() as session:
        group = identities.person(session, third.person_id).identities
        found = ties.of_group(session, group)

    assert [tie.kind for tie in found] == [TieKind.MATCHING, TieKind.OFFICER]
    assert (found[0].left_id, found[0].right_id) == (third.id, pair.right.identity.id)
    assert found[0].score is not None
    assert {found[1].left_id, found[1].right_id} == {pair.left.identity.id, pair.right.identity.id}


def test_each_revision_says_what_was_before_and_after(app: Flask) -> None:
    structure = make_structure(app)
    for email in ("un@exemple.test", "deux@exemple.test"):
        identity = send(app, incoming(structure, traits=replace(SOLENE, email=email))).identity

    with app.app_context(), db.reading() as session:
        (found,) = revisions.of_identities(session, [identities.by_id(session, identity.id)])

    assert (found.former.traits.email, found.later.traits.email) == ("un@exemple.test", "deux@exemple.test")
    assert found.channel == "fhir"
