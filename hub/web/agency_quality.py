"""The officers' quality pages: every number opens the rows that it counts, is plotted, tabulated and exported.

Numbers are measured before the trail is written, so that nobody waits for the measure; rows are read after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from flask import Flask, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from hub import db
from hub.audit.trail import Subject
from hub.directory import organizations
from hub.directory.values import Structure
from hub.errors import NotFound
from hub.vigilance import letters, listing, quality, trends, wording
from hub.vigilance.indicators import AGES, BY_CODE, INDICATORS, KINDS, Better, Chapter, Indicator
from hub.vigilance.letters import Issuer
from hub.vigilance.listing import Choice, Listed
from hub.vigilance.quality import Figures
from hub.web import agency_samples, quality_files, quality_words
from hub.web.agency_comparison import reason_words
from hub.web.agency_space import blueprint, known, officers_only, page_number, record
from hub.web.context import runtime
from hub.web.quality_charts import Plotted, chart, plotted

__all__ = ["agency_samples", "attach"]
COMPARED = ("identites", "doublons", "collisions", "statut-qual", "sans-contact", "taches", "taches-retard")
DAYS_SHOWN = 31
_QUEUE = ("taches", "taches-retard")


@dataclass(frozen=True, slots=True)
class Board:
    """What a dashboard shows: of the region, or of one structure beside it; `letter` is the month of its latest.

    `sorted_by` is the indicator that orders the structures, the worst first; their names do when there is none.
    """

    structure: Structure | None
    figures: Figures
    region: Figures
    structures: Sequence[Structure]
    places: Mapping[int | None, Figures]
    plotted: Sequence[Plotted]
    letter: str | None
    sorted_by: Indicator | None


def attach(app: Flask) -> None:
    """Register what the templates write figures with."""
    for name in ("figure", "out_of", "percent", "delay", "text", "label"):
        app.add_template_filter(getattr(quality_words, name), f"quality_{name}")
    app.add_template_filter(wording.number, "quality_number")
    app.add_template_filter(quality_words.month, "month_words")


@blueprint.get("/qualite")
@officers_only
def quality_region() -> str | AnyResponse:
    """Show the region, or go to the structure chosen."""
    chosen = request.args.get("structure", 0, type=int)
    if chosen:
        return redirect(url_for("agency.quality_structure", organization_id=known(chosen)))
    return _dashboard(None)


@blueprint.get("/qualite/<int:organization_id>")
@officers_only
def quality_structure(organization_id: int) -> str:
    """Show one structure beside the region."""
    return _dashboard(known(organization_id))


def _dashboard(organization_id: int | None) -> str:
    with db.reading() as session:
        board = _measured(session, organization_id)
    with db.transaction() as session:
        record(session, "quality.dashboard", _place(organization_id))
    # Kinds and ages of tasks have a table of their own.
    shown = [item for item in INDICATORS if item.chapter is not Chapter.QUEUE or item.code in _QUEUE]
    tabulated = [(chapter, [item for item in shown if item.chapter is chapter]) for chapter in Chapter]
    return render_template(
        "agency/quality.html",
        board=board,
        chapters=tabulated,
        compared=[BY_CODE[code] for code in COMPARED],
        ages=AGES,
        kinds=KINDS,
        signs=quality_words.SIGNS,
    )


def _measured(session: Session, organization_id: int | None) -> Board:
    structure = organizations.by_id(session, organization_id) if organization_id else None
    places = quality.measure(session, db.now(session))
    sorted_by = BY_CODE[request.args["tri"]] if request.args.get("tri") in COMPARED else None
    return Board(
        structure,
        places.get(organization_id) or quality.nothing(),
        places[None],
        _sorted(_structures(session), places, sorted_by),
        places,
        plotted(session, organization_id),
        letters.latest_for(session, organization_id) if organization_id else None,
        sorted_by,
    )


def _sorted(
    structures: list[Structure], places: Mapping[int | None, Figures], indicator: Indicator | None
) -> list[Structure]:
    """Put the worst of an indicator first; those without figures come last."""
    if indicator is None:
        return structures
    sign = 1 if indicator.better is Better.MORE else -1

    def place(structure: Structure) -> tuple[bool, float]:
        value = wording.amount(places.get(structure.id, {}).get(indicator.code))
        return value is None, sign * (value or 0.0)

    return sorted(structures, key=place)


def _structures(session: Session) -> list[Structure]:
    return sorted(organizations.all_with_domain(session).values(), key=lambda item: item.name)


def _place(organization_id: int | None) -> Subject | None:
    return Subject("organization", organization_id) if organization_id else None


@blueprint.get("/qualite/export.csv")
@officers_only
def quality_export() -> Response:
    """Export every indicator, of the region and its structures, or of one structure."""
    chosen = _structure_chosen()
    with db.reading() as session:
        places = quality.measure(session, db.now(session))
        shown: dict[Structure | None, Figures] = {} if chosen else {None: places[None]}
        for structure in _structures(session):
            if chosen in (None, structure.id):
                shown[structure] = places.get(structure.id) or quality.nothing()
    with db.transaction() as session:
        record(session, "quality.export", _place(chosen))
    return quality_files.answer("qualite.csv", quality_files.FIGURES, quality_files.figure_rows(shown))


def _structure_chosen() -> int | None:
    number = request.args.get("structure", 0, type=int)
    return known(number) if number else None


@blueprint.get("/qualite/<indicator>/liste")
@officers_only
def quality_list(indicator: str) -> str:
    """List the rows behind a number, by page."""
    item, organization_id, page = quality.by_code(indicator), _structure_chosen(), page_number()
    with db.transaction() as session:
        structure = organizations.by_id(session, organization_id) if organization_id else None
        choice = Choice(item, db.now(session), organization_id)
        total = listing.count(session, choice)
        rows = listing.page(session, choice, page)
        structures = _structures(session)
        names = _names(session, rows)
        record(session, "quality.list", _place(organization_id), indicator=item.code, page=page, shown=len(rows))
    return render_template(
        "agency/quality_list.html",
        item=item,
        structure=structure,
        structures=structures,
        names=names,
        rows=rows,
        total=total,
        page=page,
        pages=max(1, ceil(total / listing.PAGE)),
        reason_words=reason_words,
    )


@blueprint.get("/qualite/<indicator>/liste.csv")
@officers_only
def quality_list_export(indicator: str) -> Response:
    """Export all the rows behind a number, without any trait."""
    item, organization_id = quality.by_code(indicator), _structure_chosen()
    # Written before anything is read: reading a whole list takes too long to keep others waiting.
    with db.transaction() as session:
        if organization_id:
            organizations.by_id(session, organization_id)
        record(session, "quality.export", _place(organization_id), indicator=item.code)
    with db.reading() as session:
        rows = list(listing.every(session, Choice(item, db.now(session), organization_id)))
        known_structures = _by_id(session, rows)
    cells = (quality_files.row_cells(row, known_structures, reason_words(row.reasons)) for row in rows)
    return quality_files.answer(f"{item.code}.csv", quality_files.ROWS, cells)


def _by_id(session: Session, rows: Sequence[Listed]) -> dict[int, Structure]:
    ids = {item.organization_id for row in rows for item in (row.identity, row.other) if item}
    return {organization_id: organizations.by_id(session, organization_id) for organization_id in ids}


def _names(session: Session, rows: Sequence[Listed]) -> dict[int, str]:
    return {organization_id: item.name for organization_id, item in _by_id(session, rows).items()}


@blueprint.get("/qualite/<indicator>/evolution")
@officers_only
def quality_trend(indicator: str) -> str:
    """Show how an indicator went, drawn and as figures."""
    item, organization_id = _kept(indicator), _structure_chosen()
    with db.transaction() as session:
        structure = organizations.by_id(session, organization_id) if organization_id else None
        points = trends.series(session, item, organization_id, trends.DAILY.days)
        structures = _structures(session)
        record(session, "quality.trend", _place(organization_id), indicator=item.code)
    return render_template(
        "agency/quality_trend.html",
        plotted=Plotted(item, points, chart(points)),
        structure=structure,
        structures=structures,
        signs=quality_words.SIGNS,
        shown=DAYS_SHOWN,
    )


def _kept(code: str) -> Indicator:
    item = quality.by_code(code)
    if not item.is_kept:
        raise NotFound(_("Cet indicateur n'est pas relevé chaque jour : il n'a pas d'évolution."))
    return item


@blueprint.get("/qualite/<indicator>/evolution.csv")
@officers_only
def quality_trend_export(indicator: str) -> Response:
    """Export how an indicator went, day after day."""
    item, organization_id = _kept(indicator), _structure_chosen()
    with db.transaction() as session:
        structure = organizations.by_id(session, organization_id) if organization_id else None
        points = trends.series(session, item, organization_id, trends.DAILY.days)
        record(session, "quality.export", _place(organization_id), indicator=item.code)
    return quality_files.answer(
        f"{item.code}-evolution.csv", quality_files.DAYS, quality_files.day_rows(structure, points)
    )


@blueprint.get("/qualite/lettres")
@officers_only
def quality_letters() -> str:
    """List the months that have letters, and the structures of each."""
    with db.transaction() as session:
        structures = _structures(session)
        months = [
            (month, [item for item in structures if item.id in ids])
            for month, ids in letters.available(session).items()
        ]
        present = trends.day_of(db.now(session)).isoformat()[:7]
        record(session, "quality.letters", None)
    return render_template("agency/quality_letters.html", months=months, present=present)


@blueprint.get("/qualite/lettres/<month>/<int:organization_id>.pdf")
@officers_only
def quality_letter(month: str, organization_id: int) -> Response:
    """Download a letter: as it was made, or made now when its month is not over."""
    settings = runtime().settings
    with db.transaction() as session:
        structure = organizations.by_id(session, known(organization_id))
        content = letters.of(session, month, structure, Issuer(settings.region_name, settings.support))
        record(session, "quality.letter", _place(structure.id), month=month)
    return quality_files.letter(month, structure, content)
