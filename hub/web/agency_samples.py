"""Blind readings: an officer reads pairs without what was decided of them, and the rates that come of it.

The page of a pair holds the traits of both sides as they were, and nothing of a score, a decision or its author.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from hub import db
from hub.audit.trail import Subject
from hub.errors import Conflict, Invalid
from hub.registry.review import Comparison
from hub.vigilance import samples, trends
from hub.vigilance.samples import Answer, Pair, Reading, Request, SampleKind
from hub.web.agency_comparison import TraitRow, trait_rows
from hub.web.agency_space import blueprint, known, officer_names, officers_only, places, record, typed_text
from hub.web.context import current_staff, runtime
from identity.intervals import pairs_needed

KINDS = {
    SampleKind.LINKS: lazy_gettext("Liens automatiques"),
    SampleKind.VERDICTS: lazy_gettext("Seconde lecture des décisions"),
}
ANSWERS = {
    Answer.SAME: lazy_gettext("Même personne"),
    Answer.DIFFERENT: lazy_gettext("Personnes différentes"),
    Answer.UNSURE: lazy_gettext("Impossible à dire"),
}
_ONE_IN = (100, 300, 1000, 3000)
# Landis and Koch (1977), in words.
_SCALE = (
    (0.8, lazy_gettext("accord presque parfait")),
    (0.6, lazy_gettext("accord fort")),
    (0.4, lazy_gettext("accord moyen")),
    (0.2, lazy_gettext("accord faible")),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What an officer typed, what is wrong with it, and in which field."""

    answer: str = ""
    reason: str = ""
    since: str = ""
    size: str = ""
    kind: str = ""
    invalid: str | None = None
    field: str | None = None


@blueprint.get("/qualite/lectures", endpoint="samples")
@officers_only
def list_samples() -> str:
    """List the samples and offer to draw another."""
    return _list(Typed())


def _list(typed: Typed) -> str:
    with db.transaction() as session:
        drawn = samples.every(session)
        officers = officer_names(session, [item.drawn_by for item in drawn])
        since = trends.day_of(db.now(session)) - timedelta(days=90)
        record(session, "sample.list", None)
    return render_template(
        "agency/quality_samples.html",
        drawn=drawn,
        officers=officers,
        kinds=KINDS,
        since=since.isoformat(),
        typed=typed,
        needed=[(one_in, pairs_needed(one_in)) for one_in in _ONE_IN],
    )


@blueprint.post("/qualite/lectures")
@officers_only
def draw_sample() -> Response | tuple[str, int]:
    """Draw a sample."""
    typed = Typed(
        since=request.form.get("since", ""), size=request.form.get("size", ""), kind=request.form.get("kind", "")
    )
    try:
        asked = _request(typed)
        with db.transaction() as session:
            sample_id = samples.draw(
                session, asked, current_staff().member.id, runtime().trail, current_staff().actor
            )
    except Invalid as error:
        return _list(replace(typed, invalid=error.message, field=error.field)), 422
    return redirect(url_for("agency.sample", sample_id=sample_id))


def _request(typed: Typed) -> Request:
    if typed.kind not in {kind.value for kind in SampleKind}:
        raise Invalid(_("Choisissez ce qui est relu."), "kind")
    try:
        since = datetime.combine(date.fromisoformat(typed.since), time(), trends.PARIS).astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise Invalid(_("Écrivez la date de début : jour, mois, année."), "since") from err
    if not (typed.size.isascii() and typed.size.isdigit() and len(typed.size) < 7):
        raise Invalid(_("Écrivez combien de paires tirer, en chiffres."), "size")
    return Request(SampleKind(typed.kind), int(typed.size), since)


@blueprint.get("/qualite/lectures/<int:sample_id>")
@officers_only
def sample(sample_id: int) -> str:
    """Show how far a sample is read, and what comes of it."""
    staff_id = current_staff().member.id
    with db.transaction() as session:
        drawn = samples.by_id(session, known(sample_id))
        following = samples.next_for(session, sample_id, staff_id)
        differing = samples.disagreements(session, sample_id)
        officers = officer_names(
            session, [drawn.drawn_by, *(one for item in differing for one in (item.first_by, item.second_by))]
        )
        of_links = drawn.kind is SampleKind.LINKS
        found = samples.false_links(session, sample_id) if of_links else None
        agreed = None if of_links else samples.agreement(session, sample_id)
        record(session, "sample.results", Subject("sample", sample_id))
    kappa = agreed.kappa if agreed else None
    return render_template(
        "agency/quality_sample.html",
        drawn=drawn,
        following=following,
        differing=differing,
        officers=officers,
        rate=found or (agreed.rate if agreed else None),
        agreed=agreed,
        kappa=kappa,
        kappa_words=_kappa_words(kappa),
        kinds=KINDS,
        answers=ANSWERS,
    )


def _kappa_words(kappa: float | None) -> str:
    if kappa is None:
        return ""
    return str(next((words for least, words in _SCALE if kappa > least), _("accord proche du hasard")))


@blueprint.post("/qualite/lectures/<int:sample_id>/refaire")
@officers_only
def sample_again(sample_id: int) -> Response:
    """Draw a sample again with its seed, and tell whether the same pairs come out."""
    with db.transaction() as session:
        is_same = samples.drawn_again(session, known(sample_id))
        record(session, "sample.draw_again", Subject("sample", sample_id), same=is_same)
    if is_same:
        flash(_("Tirage refait avec la même graine : les mêmes paires sortent, dans le même ordre."), "success")
    else:
        flash(
            _("Tirage refait : les paires diffèrent, car des décisions ont changé depuis."),
            "warning",
        )
    return redirect(url_for("agency.sample", sample_id=sample_id))


@blueprint.get("/qualite/lectures/paires/<int:item_id>")
@officers_only
def sample_pair(item_id: int) -> str | Response:
    """Show a pair to read, blind."""
    return _pair(known(item_id), Typed())


def _pair(item_id: int, typed: Typed) -> str | Response:
    parts = runtime()
    try:
        with db.transaction() as session:
            pair = samples.pair(session, item_id, current_staff().member.id, parts.registrar.model)
            drawn = samples.by_id(session, pair.sample_id)
            record(session, "sample.show", Subject("sample_item", item_id))
    except Conflict as error:
        flash(error.message, "warning")
        return redirect(url_for("agency.samples"))
    return render_template(
        "agency/quality_pair.html", pair=pair, drawn=drawn, rows=_rows(pair), typed=typed, answers=ANSWERS
    )


def _rows(pair: Pair) -> tuple[TraitRow, ...]:
    # The rows read both sides and how near their traits are: a pair has these, and no task.
    return trait_rows(cast(Comparison, pair), places())


@blueprint.post("/qualite/lectures/paires/<int:item_id>")
@officers_only
def answer_pair(item_id: int) -> Response | str | tuple[str | Response, int]:
    """Keep what an officer says of a pair, then show the next."""
    typed = Typed(answer=request.form.get("answer", ""), reason=typed_text("reason"))
    staff_id = current_staff().member.id
    try:
        if typed.answer not in {item.value for item in Answer}:
            raise Invalid(_("Choisissez une réponse."), "answer")
        reading = Reading(known(item_id), Answer(typed.answer), typed.reason, staff_id)
        with db.transaction() as session:
            sample_id = samples.answer(session, reading, runtime().trail, current_staff().actor)
            following = samples.next_for(session, sample_id, staff_id)
    except Invalid as error:
        return _pair(item_id, replace(typed, invalid=error.message, field=error.field)), 422
    except Conflict as error:
        flash(error.message, "warning")
        return redirect(url_for("agency.samples"))
    if following is None:
        flash(_("Vous avez lu toutes les paires de cet échantillon qui sont pour vous."), "success")
        return redirect(url_for("agency.sample", sample_id=sample_id))
    flash(_("Réponse gardée. Voici la paire suivante."), "success")
    return redirect(url_for("agency.sample_pair", item_id=following))
