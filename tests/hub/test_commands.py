"""The command line as an operator uses it: real processes, an empty database, sentences and exit codes."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from joserfc.jwk import ECKey, RSAKey

from hub import config, db
from hub.documents.tables import Document
from hub.registry.load import COLUMNS
from hub.registry.tables import SourceIdentity
from tests import live, stories
from tests.factories import make_staff, make_structure, parts_of

OTHER_KEY = "k2:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


def _hub(variables: Mapping[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env=config.inherited(variables),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        cwd=live.ROOT,
    )


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, str]:
    """An installation that was never prepared."""
    return live.make_variables(f"sqlite:///{tmp_path}/new.sqlite3", tmp_path)


def test_from_nothing_to_a_registered_client(fresh: dict[str, str], tmp_path: Path) -> None:
    key = ECKey.generate_key("P-384", {"kid": "a"}, private=True)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))

    early = _hub(fresh, "identities", "load", str(tmp_path / "keys.json"))
    prepared = _hub(fresh, "init-db")
    again = _hub(fresh, "init-db")
    structure = _hub(fresh, "organization", "add", "Cabinet", "--code", "moulin", "--domain", "1.2.250.1.999.10.3")
    user = _hub(
        fresh, "user", "add", "claire@moulin.example", "--name", "Claire", "--role", "practice", "--organization",
        "moulin", "--password-stdin", typed="une phrase assez longue\n",
    )  # fmt: skip
    options = ["--organization", "moulin", "--jwks", str(tmp_path / "keys.json"), "--scope", "system/Patient.crus"]
    client = _hub(fresh, "client", "register", "Logiciel", *options)

    assert early.returncode == 1
    assert "hub init-db" in early.stderr
    assert (prepared.returncode, again.returncode) == (0, 0)
    assert "moulin" in structure.stdout
    assert "application d'authentification" in user.stdout
    assert client.stdout.startswith("logiciel-")
    assert client.returncode == 0


@pytest.mark.parametrize(
    ("jwks", "sentence"),
    [
        pytest.param("not json", "JSON", id="not json"),
        pytest.param({"keys": []}, "JWKS", id="no key"),
        pytest.param(
            ECKey.generate_key("P-384", {"kid": "a"}, private=True).as_dict(private=True), "JWKS", id="one key"
        ),
        pytest.param(
            {"keys": [ECKey.generate_key("P-384", {"kid": "a"}, private=True).as_dict(private=True)]},
            "privée",
            id="private key",
        ),
        pytest.param(
            {"keys": [ECKey.generate_key("P-256", {"kid": "a"}, private=True).as_dict(private=False)]},
            "P-384",
            id="other curve",
        ),
        pytest.param(
            {"keys": [RSAKey.generate_key(2048, private=True).as_dict(private=False)]}, "kid", id="key without id"
        ),
    ],
)
def test_a_key_file_that_cannot_serve_is_refused(
    fresh: dict[str, str], tmp_path: Path, jwks: object, sentence: str
) -> None:
    _hub(fresh, "init-db")
    _hub(fresh, "organization", "add", "Cabinet", "--code", "moulin", "--domain", "1.2.250.1.999.10.3")
    path = tmp_path / "keys.json"
    path.write_text(jwks if isinstance(jwks, str) else json.dumps(jwks))

    options = ["--organization", "moulin", "--jwks", str(path), "--scope", "system/Patient.crus"]
    refused = _hub(fresh, "client", "register", "Logiciel", *options)

    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


def test_wrong_settings_stop_with_every_reason() -> None:
    refused = _hub({"HUB_PUBLIC_URL": "nowhere"}, "serve")

    assert refused.returncode == 1
    for name in ("HUB_PUBLIC_URL", "HUB_SECRET_KEY", "HUB_PEPPER", "HUB_ENCRYPTION_KEYS"):
        assert name in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_load_that_accepts_nothing_fails_and_may_be_given_again(fresh: dict[str, str], tmp_path: Path) -> None:
    file, header = tmp_path / "region.csv", ",".join(COLUMNS)
    empty = tmp_path / "empty.csv"
    empty.write_text(header + "\n", encoding="utf-8")
    values = {"record_id": "R1", "source": "moulin", "birth_family": "DURAND", "given_names": "JEANNE"}
    file.write_text(f"{header}\n{','.join(values.get(name, '') for name in COLUMNS)}\n", encoding="utf-8")
    _hub(fresh, "init-db")

    nothing = _hub(fresh, "identities", "load", str(empty))
    refused = _hub(fresh, "identities", "load", str(file))
    _hub(fresh, "organization", "add", "Cabinet", "--code", "moulin", "--domain", "1.2.250.1.999.10.3")
    loaded = _hub(fresh, "identities", "load", str(file))

    assert (nothing.returncode, refused.returncode, loaded.returncode) == (1, 1, 0)
    assert nothing.stderr == "Le fichier ne contient aucune identité : il n'a qu'un en-tête.\n"
    assert "Aucune identité n'a été chargée." in refused.stderr
    assert "1 ligne lue, 1 identité chargée" in loaded.stdout


def test_explanations_are_never_written_over_another_file(fresh: dict[str, str], tmp_path: Path) -> None:
    file, notes = tmp_path / "region.csv", tmp_path / "notes.txt"
    file.write_text(f"{','.join(COLUMNS)}\n1,moulin{',' * (len(COLUMNS) - 2)}\n", encoding="utf-8")
    notes.write_text("Rappeler le CHU", encoding="utf-8")
    _hub(fresh, "init-db")

    for target, words in ((file, "le fichier lu"), (notes, "n'est pas un fichier d'explications")):
        before = target.read_bytes()
        refused = _hub(fresh, "identities", "load", str(file), "--rejected", str(target))

        assert (refused.returncode, words in refused.stderr) == (1, True)
        assert "Traceback" not in refused.stderr
        assert target.read_bytes() == before


def test_config_shows_settings_without_secrets(fresh: dict[str, str]) -> None:
    shown = _hub(fresh, "config")

    assert f"HUB_PUBLIC_URL={fresh['HUB_PUBLIC_URL']}" in shown.stdout
    assert fresh["HUB_PEPPER"] not in shown.stdout


def test_the_demonstration_does_not_run_in_production() -> None:
    refused = _hub({"HUB_ENV": "production"}, "demo")

    assert refused.returncode == 1
    assert "HUB_ENV=production" in refused.stderr


def test_keys_are_rotated_and_documents_stay_readable(app: Flask, variables: dict[str, str]) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.send(app, structure, member, identity, colleague=stories.add_colleague(app))
    both = variables | {"HUB_ENCRYPTION_KEYS": f"{OTHER_KEY},{variables['HUB_ENCRYPTION_KEYS']}"}

    rotated = _hub(both, "keys", "rotate")

    assert rotated.returncode == 0, rotated.stderr
    with live.opened(variables | {"HUB_ENCRYPTION_KEYS": OTHER_KEY}) as later, later.app_context():
        with db.reading() as session:
            locator = stories.deposit.locate(session, session.scalars(sa.select(Document.id)).one())
        parts = parts_of(later)
        assert stories.deposit.read_bytes(locator, parts.store, parts.vault).startswith(b"%PDF")


def test_the_trail_is_verified_and_anchored(app: Flask, variables: dict[str, str], tmp_path: Path) -> None:
    stories.know(app, make_structure(app))

    result = _hub(variables, "audit", "verify", "--anchor", str(tmp_path / "anchor"))

    assert result.returncode == 0
    assert "intacte" in result.stdout
    assert len((tmp_path / "anchor").read_text().splitlines()) == 16


def test_bytes_without_a_document_are_swept_and_others_kept(app: Flask, variables: dict[str, str]) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    stories.send(app, structure, member, stories.know(app, structure), colleague=stories.add_colleague(app))
    parts = parts_of(app)
    parts.store.put("documents/1/orphan", b"bytes")

    young = _hub(variables, "documents", "sweep")
    swept = _hub(variables, "documents", "sweep", "--hours", "0")

    assert young.stdout.startswith("0 objet ")
    assert swept.stdout.startswith("1 objet ")
    with app.app_context(), db.reading() as session:
        locator = stories.deposit.locate(session, session.scalars(sa.select(Document.id)).one())
    assert stories.deposit.read_bytes(locator, parts.store, parts.vault).startswith(b"%PDF")


def test_a_backup_is_written_and_restored_by_command(app: Flask, variables: dict[str, str], tmp_path: Path) -> None:
    stories.know(app, make_structure(app))
    elsewhere = live.make_variables(f"sqlite:///{tmp_path}/other.sqlite3", tmp_path / "other")
    path = str(tmp_path / "hub.sauvegarde")

    saved = _hub(variables, "backup", path)
    twice = _hub(variables, "backup", path)
    restored = _hub(elsewhere, "restore", path)
    verified = _hub(elsewhere, "audit", "verify")

    assert (saved.returncode, twice.returncode) == (0, 1)
    assert "existe déjà" in twice.stderr
    assert restored.returncode == 0, restored.stderr
    assert "intacte" in verified.stdout


def test_the_index_is_deduplicated_by_command(app: Flask, variables: dict[str, str]) -> None:
    stories.know(app, make_structure(app))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(SourceIdentity).values(blocking_keys=None))
    stories.know(app, make_structure(app))

    rehearsed = _hub(variables, "identities", "dedupe", "--registry", "--dry-run")
    done = _hub(variables, "identities", "dedupe", "--registry", "--batch", "10")
    again = _hub(variables, "identities", "dedupe", "--registry")
    mixed = _hub(variables, "identities", "dedupe", "--registry", "--out", "pairs.parquet")
    nothing = _hub(variables, "identities", "dedupe")

    assert [result.returncode for result in (rehearsed, done, again, mixed, nothing)] == [0, 0, 0, 2, 2], done.stderr
    assert rehearsed.stdout.startswith("Essai : rien n'est écrit")
    assert "1 tâche pour les officiers" in rehearsed.stdout
    assert "1 tâche pour les officiers" in done.stdout
    assert "0 tâche pour les officiers" in again.stdout
    assert "Décision" in done.stderr
