"""A sending being prepared, as each of its steps reads it: document, patient, recipients, summary (M8)."""

from dataclasses import dataclass

from flask import redirect, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub import db
from hub.documents import deposit
from hub.documents.deposit import DocumentView
from hub.errors import Conflict
from hub.registry import identities
from hub.registry.values import StoredIdentity
from hub.routing import sendings
from hub.routing.values import Draft
from hub.web.context import current_staff, runtime
from hub.web.practice_space import blueprint, structure_id


@dataclass(frozen=True, slots=True)
class Preparing:
    """A draft with its document and, once chosen, its patient."""

    draft: Draft
    document: DocumentView
    identity: StoredIdentity | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the list above the form; `address` is None while the step cannot be reached."""

    label: str
    address: str | None
    is_current: bool


class AlreadySent(Conflict):
    """The draft has left: its steps lead to the page that follows it."""

    def __init__(self, sending_id: int) -> None:
        super().__init__("Cet envoi est déjà parti.")
        self.sending_id = sending_id


@blueprint.errorhandler(AlreadySent)
def _follow(error: AlreadySent) -> Response:
    return redirect(url_for("practice.sent_one", sending_id=error.sending_id))


def open_draft(session: Session, sending_id: int) -> Draft:
    """Return a draft of the structure; raise `NotFound` or `AlreadySent`."""
    try:
        return sendings.draft(session, sending_id, structure_id())
    except Conflict as err:
        raise AlreadySent(sending_id) from err


def prepare(session: Session, sending_id: int) -> Preparing:
    """Return a draft with its document and patient."""
    draft = open_draft(session, sending_id)
    document = deposit.by_id(session, draft.document_id)
    chosen = document.source_identity_id
    return Preparing(draft, document, identities.by_id(session, chosen) if chosen is not None else None)


def read(sending_id: int) -> Preparing:
    """Return a draft in a reading of its own."""
    with db.reading() as session:
        return prepare(session, sending_id)


def put_patient(session: Session, sending_id: int, identity: StoredIdentity) -> None:
    """Say whose document the draft holds."""
    sendings.set_patient(session, open_draft(session, sending_id), identity, runtime().trail, current_staff().actor)


def steps(preparing: Preparing, current: str) -> list[Step]:
    """Return the four steps, the reachable ones with their address."""
    sending_id = preparing.draft.id
    typed = preparing.document.type_code is not None
    ready = typed and preparing.identity is not None
    listed = (
        ("document", _("Document"), url_for("practice.sending_document", sending_id=sending_id), True),
        ("patient", _("Patient"), url_for("practice.search", envoi=sending_id), typed),
        ("recipients", _("Destinataires"), url_for("practice.sending_recipients", sending_id=sending_id), ready),
        ("summary", _("Résumé"), url_for("practice.sending_summary", sending_id=sending_id), ready),
    )
    return [
        Step(label, address if reachable else None, name == current) for name, label, address, reachable in listed
    ]


def first_missing(preparing: Preparing) -> Response | None:
    """Lead to the first step that is not done before the recipients, or None when both are."""
    sending_id = preparing.draft.id
    if preparing.document.type_code is None:
        return redirect(url_for("practice.sending_document", sending_id=sending_id))
    if preparing.identity is None:
        return redirect(url_for("practice.search", envoi=sending_id))
    return None
