"""The model that came with the hub is kept: what it decided is taken again after another has come in its place."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from hub import db
from hub.audit.trail import SYSTEM
from hub.cli import main
from hub.errors import Conflict
from hub.linkage import models, texts
from hub.linkage.models import Proposal
from hub.linkage.tables import LinkageModel, ShippedModel
from hub.registry.tables import LinkageDecision, SourceIdentity
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import doubtful_pair, incoming, rows, send
from tests.hub.test_model_activation import SHIPPED, make_officer, make_text, propose
from tests.identity.factories import MODEL_FILE

Hub = Callable[..., Result]


@pytest.fixture
def hub(variables: dict[str, str], app: Flask) -> Hub:
    def run(*arguments: str, model: Path = MODEL_FILE) -> Result:
        return CliRunner(env=variables | {"HUB_LINKAGE_MODEL": str(model)}).invoke(main, arguments)

    return run


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Give the model of a later version of the hub."""
    file = tmp_path / "newer.json"
    file.write_text(make_text("2031-1", prior=-9.0), encoding="utf-8")
    return file


def test_what_a_model_decided_is_taken_again_after_a_newer_hub_brought_another(
    app: Flask, hub: Hub, newer: Path
) -> None:
    doubtful_pair(app)
    hub("model", "list")

    done = hub("identities", "replay", model=newer)
    listed = hub("model", "list", model=newer)

    assert done.exit_code == 0, done.output
    assert f"{len(rows(app, LinkageDecision))} décisions rejouées à l'identique, 0 autrement, 0 qui ne" in done.output
    assert "2031-1  fichier de HUB_LINKAGE_MODEL, en vigueur" in listed.output
    assert f"{SHIPPED}  fichier précédent de HUB_LINKAGE_MODEL, gardé pour rejouer ses décisions" in listed.output


def test_a_text_is_kept_once(app: Flask, hub: Hub) -> None:
    for _ in range(2):
        hub("model", "list")

    assert [row.version for row in rows(app, ShippedModel)] == [SHIPPED]
    assert rows(app, ShippedModel)[0].text == MODEL_FILE.read_text(encoding="utf-8")


def test_a_version_that_names_another_text_is_refused_before_it_decides(app: Flask, hub: Hub, newer: Path) -> None:
    hub("model", "list", model=newer)
    newer.write_text(make_text("2031-1", prior=-1.0), encoding="utf-8")

    refused = hub("model", "list", model=newer)

    assert refused.exit_code == 1
    assert "un modèle nommé 2031-1 a déjà servi ici" in refused.output
    assert hub("model", "list").exit_code == 0


def test_a_version_that_officers_proposed_with_another_text_is_refused(app: Flask, hub: Hub, newer: Path) -> None:
    propose(app, make_officer(app), make_text("2031-1"))

    refused = hub("model", "list", model=newer)

    assert refused.exit_code == 1
    assert "a déjà servi ici" in refused.output
    assert rows(app, ShippedModel) == []


def test_officers_cannot_give_another_text_the_name_of_a_former_model(app: Flask, hub: Hub, newer: Path) -> None:
    hub("model", "list", model=newer)
    member = make_officer(app)

    with pytest.raises(Conflict, match="déjà connue"):
        propose(app, member, make_text("2031-1"))
    with app.app_context(), db.transaction() as session:
        same = Proposal(newer.read_text(encoding="utf-8"), "revenir au précédent")
        known = models.propose(session, same, SHIPPED, member, parts_of(app).trail, SYSTEM)

    assert known.version == "2031-1"
    assert hub("model", "list", model=newer).exit_code == 0


def test_a_model_that_this_version_does_not_read_keeps_no_other_decision_from_being_taken_again(
    app: Flask, hub: Hub
) -> None:
    structure = make_structure(app)
    first = send(app, incoming(structure, "A-1")).identity
    send(app, incoming(structure, "A-2"))
    content = json.dumps(json.loads(make_text("2020-1")) | {"format": 1})
    old = propose(app, make_officer(app), make_text("2020-1"))
    with app.app_context(), db.transaction() as session:
        session.execute(
            sa.update(LinkageModel)
            .values(text=content, sha256=hashlib.sha256(content.encode()).hexdigest())
            .where(LinkageModel.id == old.id)
        )
        session.execute(
            sa.update(LinkageDecision)
            .values(model_version="2020-1")
            .where(LinkageDecision.source_identity_id == first.id)
        )

    done = hub("identities", "replay")
    alone = hub("identities", "replay", str(rows(app, LinkageDecision)[0].id))

    assert done.exit_code == 0, done.output
    assert "1 décision rejouée à l'identique, 0 autrement, 1 qui ne se rejoue pas." in done.output
    assert "1 décision : Cette version du hub ne lit plus le modèle 2020-1" in done.output
    assert (alone.exit_code, "rejouez ses décisions avec celle qui les a prises" in alone.output) == (1, True)


def test_what_was_decided_by_other_rules_is_told_from_what_the_same_rules_decide_otherwise(
    app: Flask, hub: Hub
) -> None:
    doubtful_pair(app)
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).values(given_names="SOLENE MARTHE"))

    same_rules = hub("identities", "replay")
    with app.app_context(), db.transaction() as session:
        for row in session.scalars(sa.select(LinkageDecision)):
            row.explanation = row.explanation | {
                "inputs": row.explanation["inputs"] | {"rules": "of another version"}
            }
    other_rules = hub("identities", "replay")

    assert (same_rules.exit_code, "1 autrement, 0 qui" in same_rules.output) == (1, True), same_rules.output
    assert other_rules.exit_code == 0, other_rules.output
    assert "1 autrement (dont 1 sous d'anciennes règles), 0 qui" in other_rules.output
    assert other_rules.output.rstrip().endswith("(anciennes règles)")


def test_a_text_that_was_changed_below_the_hub_proves_nothing(app: Flask, hub: Hub, newer: Path) -> None:
    send(app, incoming(make_structure(app)))
    hub("model", "list")
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(ShippedModel).values(text=make_text(SHIPPED, prior=-1.0)))

    done = hub("identities", "replay", model=newer)

    assert "0 décision rejouée à l'identique, 0 autrement, 1 qui ne se rejoue pas." in done.output
    assert f"Le texte gardé du modèle {SHIPPED} a été altéré" in done.output


def test_init_db_keeps_the_model_that_the_hub_came_with(app: Flask, hub: Hub) -> None:
    done = hub("init-db")

    assert done.exit_code == 0, done.output
    with app.app_context(), db.reading() as session:
        assert texts.shipped(session) == [SHIPPED]
        assert texts.find(session, SHIPPED) == parts_of(app).model.shipped
