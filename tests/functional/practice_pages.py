"""A practice's member in front of the pages, for the tests of its flows."""

import io
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import db
from hub.accounts.sessions import Space
from hub.audit.tables import AuditEvent
from hub.db import Base
from hub.directory.values import Structure
from tests.factories import log_in, make_staff, make_structure, sample_pdf, seen_of, token_of

# Everything that the form of creation asks for; « SOLENE TISSERAND » is nobody.
SOLENE = {
    "birth_name": "Tisserand",
    "given_names": "Solène Marthe",
    "birth_date": "15/06/1955",
    "sex": "F",
    "born": "france",
    "town": "Lyon 1er Arrondissement",
    "informed": "oui",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody logged in for a structure."""

    app: Flask
    client: FlaskClient
    structure: Structure

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **form: Any) -> TestResponse:
        """Post a form with the token of this browser, as any page of it holds."""
        token = token_of(self.client.get("/pratique/").text)
        if path.endswith("/resume"):
            form = seen_of(self.client, path) | form
        answer = self.client.post(path, data={"csrf_token": token, **form})
        # A heavy body lies in a temporary file, which the test client leaves open.
        answer.request.environ["wsgi.input"].close()
        return answer

    def create(self, **changes: str) -> int:
        """Create an identity that resembles nobody; return its id."""
        answer = self.post("/pratique/patients/nouveau", **(SOLENE | changes))
        assert answer.status_code == 302, answer.text
        return int(answer.location.rpartition("/")[2])

    def upload(self, name: str = "ordonnance.pdf", content: bytes | None = None, query: str = "") -> TestResponse:
        file = (io.BytesIO(sample_pdf() if content is None else content), name)
        return self.post(f"/pratique/envois/nouveau{query}", file=file)

    def begin(self) -> int:
        """Begin a sending and say what its document is; return its id."""
        sending_id = int(self.upload().location.split("/")[3])
        form = {"title": "Ordonnance", "type": "57833-6"}
        assert self.post(f"/pratique/envois/{sending_id}/document", **form).status_code == 302
        return sending_id

    def prepare(self, **changes: str) -> int:
        """Begin a sending for a new patient; return its id."""
        sending_id = self.begin()
        answer = self.post(f"/pratique/patients/nouveau?envoi={sending_id}", **(SOLENE | changes))
        assert answer.location == f"/pratique/envois/{sending_id}/destinataires", answer.text
        return sending_id


def sit_down(app: Flask, client: FlaskClient, name: str = "Cabinet des Lilas") -> Desk:
    """Log a new member of a new structure in."""
    structure = make_structure(app, name)
    log_in(client, make_staff(app, structure), Space.PRACTICE)
    return Desk(app, client, structure)


def rows(app: Flask, table: type[Base], *conditions: sa.ColumnElement[bool]) -> list[Any]:
    """Return what a table holds."""
    with app.app_context(), db.reading() as session:
        found = list(session.scalars(sa.select(table).where(*conditions)))
        session.expunge_all()
        return found


def recorded(app: Flask, action: str) -> list[Any]:
    """Return the audit events of an action."""
    return rows(app, AuditEvent, AuditEvent.action == action)
