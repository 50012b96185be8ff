"""Files that a spreadsheet opens: UTF-8 with its mark, semicolons, and no cell that a spreadsheet would run.

They hold no trait and no INS: what leaves the hub this way tells of numbers, structures and states.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from flask import Response

from hub.directory.values import Structure
from hub.registry.values import StoredIdentity
from hub.vigilance import wording
from hub.vigilance.indicators import Unit
from hub.vigilance.listing import Listed
from hub.vigilance.quality import Figure, Figures
from hub.vigilance.trends import PARIS, Point

_RUNS = ("=", "+", "-", "@", "\t", "\r")
FIGURES = ("code structure", "structure", "indicateur", "libellé", "numérateur", "dénominateur", "valeur", "unité")
ROWS = (
    "code structure", "structure", "numéro du patient", "statut", "mentions", "code autre structure",
    "autre numéro du patient", "personne", "identités", "tâche", "nature", "motifs", "depuis", "échéance",
    "décidée le", "délai en heures",
)  # fmt: skip
DAYS = ("code structure", "structure", "indicateur", "jour", "numérateur", "dénominateur", "valeur", "unité")
_UNITS = {Unit.COUNT: "nombre", Unit.SHARE: "%", Unit.MEDIAN: "heures", Unit.NINTH_DECILE: "heures"}


def answer(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """Return a file to download."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    response = Response(stream.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def letter(month: str, structure: Structure, content: bytes) -> Response:
    """Return the letter of a month to download."""
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="qualite-{month}-{structure.code}.pdf"'
    return response


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_RUNS) or cell.startswith(_RUNS) else cell


def figure_rows(places: Mapping[Structure | None, Figures]) -> Iterable[tuple[str, ...]]:
    """Write each figure of each place."""
    for structure, figures in places.items():
        for figure in figures.values():
            yield (*_named(structure), figure.indicator.code, figure.indicator.label, *_amounts(figure))


def day_rows(structure: Structure | None, points: Iterable[Point]) -> Iterable[tuple[str, ...]]:
    """Write an indicator of a place, one day after another."""
    for point in points:
        figure = point.figure
        yield (*_named(structure), figure.indicator.code, point.day.isoformat(), *_amounts(figure))


def _named(structure: Structure | None) -> tuple[str, str]:
    return (structure.code, structure.name) if structure else ("", "Région")


def _amounts(figure: Figure) -> tuple[str, str, str, str]:
    value = wording.amount(figure)
    return (
        str(figure.numerator),
        "" if figure.denominator is None else str(figure.denominator),
        "" if value is None else f"{value:.10g}".replace(".", ","),
        _UNITS[figure.indicator.unit],
    )


def row_cells(row: Listed, structures: Mapping[int, Structure], words: Sequence[str]) -> tuple[str, ...]:
    """Write one row behind a number; `words` are why it is there."""
    own, other = _side(row.identity, structures), _side(row.other, structures)
    return (
        *own[:3],
        row.identity.status.value if row.identity else "",
        " ".join(sorted(item.value for item in row.identity.attributes)) if row.identity else "",
        other[0],
        other[2],
        row.regional_id or "",
        "" if row.identities is None else str(row.identities),
        "" if row.task_id is None else str(row.task_id),
        row.kind.value if row.kind else row.trait or "",
        ", ".join(words),
        _moment(row.since),
        _moment(row.due_at),
        _moment(row.decided_at),
        f"{row.waited.total_seconds() / 3600:.2f}".replace(".", ",") if row.waited else "",
    )


def _side(identity: StoredIdentity | None, structures: Mapping[int, Structure]) -> tuple[str, str, str]:
    if identity is None:
        return "", "", ""
    structure = structures[identity.organization_id]
    return structure.code, structure.name, identity.value


def _moment(value: datetime | None) -> str:
    return f"{value.astimezone(PARIS):%Y-%m-%d %H:%M}" if value else ""
