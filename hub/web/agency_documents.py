"""What the officer answers on a document's task: the person designated, nobody, or that more must be read."""

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hub.errors import Invalid, NotFound
from hub.registry import identification, identities
from hub.registry.identification import Answer, AnswerKind
from hub.vigilance import persons
from hub.web.agency_space import ids_of, typed_text
from hub.web.context import current_staff, runtime


def answer(session: Session, task_id: int, kind: AnswerKind) -> None:
    """Answer the structure that asked, with the person chosen in the form when one was found."""
    access = current_staff()
    given = Answer(
        task_id=task_id,
        version=request.form.get("version", -1, type=int),
        kind=kind,
        text=typed_text("comment"),
        staff_id=access.member.id,
        identity_id=_designated(session) if kind is AnswerKind.FOUND else None,
    )
    identification.answer(session, given, runtime().trail, access.actor)


def _designated(session: Session) -> int:
    """Return an identity of the person ticked, or of the one whose number was typed."""
    typed = typed_text("numero").strip()
    if typed:
        found = persons.by_regional_id(session, typed)
        if found is None:
            raise Invalid(
                _("Aucune personne n'a ce numéro régional : 16 caractères, copiés de sa fiche."), "personne"
            )
    else:
        ticked = ids_of([request.form.get("personne", "")])
        if not ticked:
            raise Invalid(_("Cochez la personne, ou écrivez son numéro régional."), "personne")
        found = ticked[0]
    try:
        place = persons.present_place(session, found)
    except NotFound as error:
        raise Invalid(error.message, "personne") from error
    group = identities.of_persons(session, [place]).get(place)
    if not group:
        raise Invalid(_("Cette personne n'a plus aucune identité : désignez celle qui demeure."), "personne")
    return next((item.id for item in group if item.active), group[0].id)
