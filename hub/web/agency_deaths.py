"""An officer settles a death in its task: confirmed, with the date that it was told without, or refuted.

Only a death that the page of the task offered can be settled.
"""

import re

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hub.errors import Invalid
from hub.registry import death_rulings
from hub.registry.death_rulings import Dating, DeathRuling
from hub.registry.deaths import DateSource, DeathKey
from hub.registry.tasks import Task
from hub.routing import sendings
from hub.web.context import current_staff, runtime
from identity.deaths import DeathDate
from identity.traits import TraitError

_TYPED_DATE = re.compile(r"(?:(?:(\d{1,2})[/. -])?(\d{1,2})[/. -])?(\d{4})")


def confirm(session: Session, task: Task, reason: str) -> None:
    """Confirm the death chosen in the form."""
    death_rulings.confirm(session, _ruling(task, reason), runtime().trail, current_staff().actor)


def refute(session: Session, task: Task, reason: str) -> None:
    """Refute the death chosen in the form; what it had stopped leaves."""
    trail, actor = runtime().trail, current_staff().actor
    if death_rulings.refute(session, _ruling(task, reason), trail, actor):
        sendings.send_held_back(session, task.left.person_id, trail, actor)


def _ruling(task: Task, reason: str) -> DeathRuling:
    text = request.form.get("deces", "")
    if not text:
        raise Invalid(_("Choisissez le décès dont il s'agit."), "deces")
    return DeathRuling(
        key=DeathKey.parse(text),
        person_id=task.left.person_id,
        officer_id=current_staff().member.id,
        comment=reason,
        dating=_dating(),
    )


def _dating() -> Dating | None:
    """Read the date that the officer gives a death told without one, and where they read it."""
    text, source = request.form.get("date_deces", "").strip(), request.form.get("lue", "")
    if not text and not source:
        return None
    typed = _TYPED_DATE.fullmatch(text)
    if typed is None or not text.isascii():
        raise Invalid(_("Écrivez la date comme JJ/MM/AAAA, MM/AAAA ou AAAA."), "dating")
    parts = [part.zfill(2) for part in reversed(typed.groups()) if part is not None]
    try:
        when = DeathDate.parse("-".join(parts))
    except TraitError as err:
        raise Invalid(_("Cette date n'existe pas : vérifiez-la."), "dating") from err
    if source not in set(DateSource):
        raise Invalid(_("Choisissez où vous avez lu cette date."), "lue")
    return Dating(when, DateSource(source))
