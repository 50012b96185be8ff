"""A structure reads its own quality: the numbers of the last day beside the region's, its identities behind them, its
monthly letters.

The numbers are those that each day keeps, as in the letters: nobody measures the region by opening a page. The lists
are of the structure's own identities only; what a task compares may be another's, and opens nowhere here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Response, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Entry, Subject
from hub.errors import NotFound
from hub.vigilance import indicators, letters, listing, quality, trends
from hub.vigilance.indicators import INDICATORS, Chapter, Indicator
from hub.vigilance.letters import Issuer
from hub.vigilance.listing import Choice
from hub.vigilance.quality import Figure
from hub.web import quality_files, quality_words
from hub.web.context import current_staff, runtime
from hub.web.practice_space import blueprint, practice_only, structure_id
from hub.web.quality_charts import Plotted, plotted

_QUEUE = ("taches", "taches-retard")


@dataclass(frozen=True, slots=True)
class Row:
    """An indicator of the structure; the region's stands beside it when the letters tell it too."""

    own: Figure
    region: Figure | None

    @property
    def indicator(self) -> Indicator:
        """What is measured."""
        return self.own.indicator

    @property
    def opens(self) -> bool:
        """Tell whether the identities that it counts can be listed."""
        return self.indicator.subject is indicators.Subject.IDENTITY and bool(self.own.rows)


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows: the numbers of a day, what to do first, how four of them went, the letters."""

    day: date
    chapters: Sequence[tuple[Chapter, Sequence[Row]]]
    first: Sequence[Figure]
    plotted: Sequence[Plotted]


@blueprint.get("/qualite")
@practice_only
def quality_board() -> str:
    """Show the structure's numbers and its letters."""
    with db.transaction() as session:
        board = _board(session)
        months = letters.months_of(session, structure_id())
        present = trends.day_of(db.now(session)).isoformat()[:7]
        _record(session, "quality.dashboard")
    return render_template(
        "practice/quality.html", board=board, months=months, present=present, signs=quality_words.SIGNS
    )


def _board(session: Session) -> Board | None:
    taken = trends.latest(session, structure_id())
    if taken is None or structure_id() not in taken.places:
        return None
    own, region = taken.places[structure_id()], taken.places[None]
    shown = [
        item for item in INDICATORS if item.code in own and (item.chapter is not Chapter.QUEUE or item.code in _QUEUE)
    ]
    chapters = [
        (
            chapter,
            [
                Row(own[item.code], region.get(item.code) if chapter in letters.TOLD else None)
                for item in shown
                if item.chapter is chapter
            ],
        )
        for chapter in Chapter
    ]
    return Board(taken.day, chapters, letters.first_things(own, region), plotted(session, structure_id()))


@blueprint.get("/qualite/<indicator>/liste")
@practice_only
def quality_list(indicator: str) -> str:
    """List the structure's identities behind a number, by page."""
    item = quality.by_code(indicator)
    if item.subject is not indicators.Subject.IDENTITY:
        raise NotFound(_("Cet indicateur n'a pas de liste ici."))
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    with db.transaction() as session:
        rows = listing.page(session, Choice(item, db.now(session), structure_id()), page)
        _record(session, "quality.list", indicator=item.code, page=page, shown=len(rows))
    return render_template(
        "practice/quality_list.html", item=item, rows=rows, page=page, has_more=len(rows) == listing.PAGE
    )


@blueprint.get("/qualite/lettres/<month>.pdf")
@practice_only
def quality_letter(month: str) -> Response:
    """Download the structure's letter of a month."""
    settings, structure = runtime().settings, current_staff().own_structure
    with db.transaction() as session:
        if month not in letters.months_of(session, structure.id):
            raise NotFound(_("Aucune lettre de ce mois n'a été faite pour votre structure."))
        content = letters.of(session, month, structure, Issuer(settings.region_name, settings.support))
        _record(session, "quality.letter", month=month)
    return quality_files.letter(month, structure, content)


def _record(session: Session, action: str, **detail: str | int | bool | None) -> None:
    place = Subject("organization", structure_id())
    runtime().trail.record(session, Entry(current_staff().actor, action, place, detail))
