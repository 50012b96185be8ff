"""The monthly letter to a structure: its figures beside the region's, and what to do first, in plain French.

A letter holds numbers only: no patient, no trait, no patient number. It is made from what the days kept, so that the
same month always gives the same letter, and kept as it was made.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.directory import organizations
from hub.directory.values import Structure
from hub.errors import Invalid
from hub.outbox import queue
from hub.outbox.queue import Job
from hub.routing.delivery import Exit
from hub.vigilance import letter_pdf, quality, trends, wording
from hub.vigilance.indicators import KEPT, Better, Chapter, Indicator, Unit
from hub.vigilance.letter_pdf import Section, Sheet
from hub.vigilance.quality import Figure, Figures
from hub.vigilance.tables import QualityDay, QualityLetter
from hub.vigilance.trends import Snapshot

KIND = "quality-letters"
MOST_ADVICE = 4
MOST_MONTHS = 24
_MONTH = re.compile(r"2\d{3}-(0[1-9]|1[0-2])")
# These come first whatever the region does: somebody waits, or a document may go to the wrong person.
_FIRST = ("corrections", "collisions", "retenues", "doublons", "douteuses")
TOLD = frozenset({
    Chapter.VOLUME, Chapter.DOUBLES, Chapter.STATUS, Chapter.TRAITS, Chapter.DELAYS, Chapter.CORRECTIONS,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who writes: the region and whom to ask."""

    region: str
    support: str


def check_month(text: str) -> str:
    """Return a month written AAAA-MM; raise `Invalid`."""
    if not _MONTH.fullmatch(text):
        raise Invalid("Écrivez le mois AAAA-MM, par exemple 2026-10.", "month")
    return text


def month_before(month: str) -> str:
    """Return the month before."""
    return (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]


def snapshot(session: Session, month: str) -> Snapshot:
    """Return the figures that a month's letters tell; raise `Invalid` when none were kept."""
    found = trends.last_of_month(session, check_month(month))
    if found is None:
        words = wording.month(month)
        raise Invalid(f"Aucun relevé en {words} : les lettres se font avec les relevés de chaque jour.")
    return found


def write(session: Session, month: str, structure: Structure, issuer: Issuer) -> bytes:
    """Make the letter of a month to a structure; raise `Invalid` when its figures were not kept."""
    now = snapshot(session, month)
    before = trends.last_of_month(session, month_before(month))
    figures = now.places.get(structure.id, quality.nothing())
    former: Figures = before.places.get(structure.id, {}) if before else {}
    return letter_pdf.draw(compose(structure, now.day, Columns(figures, former, now.places[None]), issuer))


@dataclass(frozen=True, slots=True)
class Columns:
    """What a letter sets side by side: the structure now, the month before, the region."""

    own: Figures
    former: Figures
    region: Figures


def compose(structure: Structure, day: date, columns: Columns, issuer: Issuer) -> Sheet:
    """Put a letter into words."""
    month = wording.month(day.isoformat()[:7])
    written = f"{day.day if day.day > 1 else '1er'} {month}"
    advice = tuple(_advice(figure) for figure in first_things(columns.own, columns.region))
    sections = tuple(
        Section(chapter.value, tuple(_row(item, columns) for item in KEPT if item.chapter is chapter))
        for chapter in Chapter
        if chapter in TOLD
    )
    return Sheet(
        title=f"Qualité des identités, {month}",
        addressee=structure.name,
        issuer=issuer.region,
        introduction=(
            f"Voici où en étaient les identités de votre structure le {written}, à côté de toute la région. "
            "Des identités justes évitent qu'un document parte vers la mauvaise personne."
        ),
        advice=advice or ("Rien ne presse ce mois-ci. Merci pour votre vigilance.",),
        columns=("Indicateur", "Votre structure", "Le mois d'avant", "La région"),
        sections=sections,
        words=tuple((item.label, item.meaning) for item in KEPT if item.chapter in TOLD),
        support="Une question, ou la liste des dossiers concernés ? "
        f"Cellule régionale d'identitovigilance : {issuer.support}.",
    )


def _row(item: Indicator, columns: Columns) -> tuple[str, ...]:
    places = (columns.own, columns.former, columns.region)
    return (item.label, *(wording.figure(place.get(item.code)) for place in places))


def first_things(own: Figures, region: Figures) -> list[Figure]:
    """Return what to do something about first: what cannot wait, then where the structure is farthest behind."""
    pressing = [own[code] for code in _FIRST if code in own and own[code].numerator]
    behind = sorted(
        (figure for figure in own.values() if figure.indicator.code not in _FIRST and _gap(figure, region) > 0),
        key=lambda figure: (-_gap(figure, region), figure.indicator.code),
    )
    return [figure for figure in [*pressing, *behind] if figure.indicator.advice][:MOST_ADVICE]


def _gap(figure: Figure, region: Figures) -> float:
    """Return by how much a share is worse than the region's."""
    other = region.get(figure.indicator.code)
    if figure.share is None or other is None or other.share is None or figure.indicator.better is not Better.LESS:
        return 0.0
    return figure.share - other.share


def _advice(figure: Figure) -> str:
    if figure.indicator.unit is Unit.COUNT:
        told = wording.number(figure.numerator)
    else:
        told = f"{wording.out_of(figure)}, soit {wording.figure(figure)}"
    return f"{figure.indicator.advice} ({figure.indicator.label} : {told}.)"


def keep(session: Session, month: str, organization_id: int, content: bytes) -> None:
    """Keep a letter where officers find it; a letter made before is kept as it was."""
    values = {"month": month, "organization_id": organization_id, "content": content, "made_at": db.now(session)}
    db.insert_once(session, QualityLetter, values, ["month", "organization_id"])


def available(session: Session) -> dict[str, set[int]]:
    """Return which structures have figures for a letter of each month of two years, latest month first."""
    structures = [item.id for item in organizations.all_with_domain(session).values()]
    return {day[:7]: _measured(session, day, structures) for day in trends.last_days(session, MOST_MONTHS)}


def latest_for(session: Session, organization_id: int) -> str | None:
    """Return the latest month of which this structure has figures, if there is one."""
    days = trends.last_days(session, 1)
    return days[0][:7] if days and _measured(session, days[0], [organization_id]) else None


def _measured(session: Session, day: str, structures: Sequence[int]) -> set[int]:
    query = sa.select(QualityDay.organization_id).where(
        QualityDay.organization_id.in_(structures), QualityDay.day == day, QualityDay.indicator == "identites"
    )
    return {found for found in session.scalars(query) if found is not None}


def months_of(session: Session, organization_id: int) -> list[str]:
    """Return the months of two years for which this structure has a letter, latest first."""
    days = trends.last_days(session, MOST_MONTHS)
    query = sa.select(QualityDay.day).where(
        QualityDay.organization_id == organization_id, QualityDay.day.in_(days), QualityDay.indicator == "identites"
    )
    return sorted((day[:7] for day in session.scalars(query)), reverse=True)


def of(session: Session, month: str, structure: Structure, issuer: Issuer) -> bytes:
    """Return the letter of a month as it was made, or made now when its month is not over; raise `Invalid`."""
    kept = session.scalar(
        sa.select(QualityLetter.content).where(
            QualityLetter.month == check_month(month), QualityLetter.organization_id == structure.id
        )
    )
    return kept if kept is not None else write(session, month, structure, issuer)


def propose(session: Session) -> bool:
    """Enqueue the letters of last month, once; nothing when no day of it was kept."""
    month = month_before(trends.day_of(db.now(session)).isoformat()[:7])
    if trends.last_of_month(session, month) is None:
        return False
    return queue.enqueue(session, KIND, {"month": month}, dedupe_key=f"{KIND}:{month}")


def write_month(job: Job, way_out: Exit) -> Callable[[Session], None]:
    """Do the job: make the letters of a month, and keep them with its end."""
    month = check_month(str(job.payload["month"]))
    settings = way_out.settings
    with db.reading() as session:
        made = write_all(session, month, Issuer(settings.region_name, settings.support))

    def complete(session: Session) -> None:
        for organization_id, content in made.items():
            keep(session, month, organization_id, content)

    return complete


def write_all(session: Session, month: str, issuer: Issuer) -> Mapping[int, bytes]:
    """Make the letters of a month to every structure that sends identities."""
    structures = organizations.all_with_domain(session).values()
    places = snapshot(session, month).places
    return {item.id: write(session, month, item, issuer) for item in structures if item.id in places}
