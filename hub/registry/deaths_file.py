"""The official deaths file, as lines read or refused: fixed-width text or CSV, UTF-8 or latin-1.

INSEE, fichier des décès: names « NOM*PRENOM PRENOM/ » (80 characters), sex (1), birth date (8), COG code (5) and
label (30) of the place, label of the country (30), death date (8), COG code of the place (5), number of the act (9).
An unknown part of a date is written 00. Each line is one death; what is wrong with one costs no other.
"""

import codecs
import csv
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from hub.errors import Invalid
from hub.file_kinds import check_is_file
from hub.system_errors import said
from identity.deaths import DeathDate
from identity.normalise import check_birth_place, split_given_names, write_name
from identity.traits import BirthDate, Sex, TraitError, Traits

COLUMNS = (
    "nomprenom", "sexe", "datenaiss", "lieunaiss", "commnaiss", "paysnaiss", "datedeces", "lieudeces", "actedeces",
)  # fmt: skip
_WIDTHS = (80, 1, 8, 5, 30, 30, 8, 5, 9)
# Up to the date of death: software often cuts the spaces of what follows.
_SHORTEST = sum(_WIDTHS[:7])
_LONGEST = 2_000
_LOOKED_AT = 100
_FIXED = re.compile(r"[^*\x00-\x1f]{0,79}\*")
_NAMES = re.compile(r"([^*/]+)\*([^*/]*)/?")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SEXES = {"1": Sex.MALE, "2": Sex.FEMALE}


class Form(StrEnum):
    """How the file is written."""

    FIXED = "fixed"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first reading tells: the form, how many deaths; for CSV how many columns, and where each one is."""

    form: Form
    lines: int
    width: int = len(COLUMNS)
    order: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Why a line was refused, or what of it was left out. `line` is that of the file, from 1."""

    line: int
    level: str
    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class DeathLine:
    """One death of the file: who, when, where, under which act."""

    traits: Traits
    when: DeathDate
    place: str | None
    act_number: str | None


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line that is not empty. `text` is None when it is longer than any death can be."""

    number: int
    text: str | None


def survey(path: Path) -> Survey:
    """Read the file once; raise `Invalid` when it is empty or no deaths file."""
    count = 0
    first: list[str] = []
    for _, raw in _raw_lines(path):
        count += 1
        if len(first) < _LOOKED_AT:
            first.append(_decode(raw or b""))
    if not first:
        raise Invalid("Le fichier est vide.")
    if "nomprenom" in first[0].lower():
        names = [name.strip().lower() for name in next(csv.reader([first[0]], delimiter=";"))]
        return Survey(Form.CSV, count - 1, len(names), _order(names))
    if not any(_FIXED.match(text[: _WIDTHS[0]]) for text in first):
        raise Invalid(
            "Ce fichier n'est pas un fichier des décès de l'INSEE : ni lignes « NOM*PRENOM/ » de largeur fixe, ni "
            "en-tête « nomprenom;sexe;… ». S'il est compressé, décompressez-le d'abord."
        )
    return Survey(Form.FIXED, count)


def _decode(raw: bytes) -> str:
    """Read a line as UTF-8, or as latin-1 when it is not: files of several years were put end to end."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _order(names: Sequence[str]) -> tuple[int, ...]:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise Invalid(f"Il manque au fichier les colonnes : {', '.join(missing)}.", missing[0])
    return tuple(names.index(name) for name in COLUMNS)


def _raw_lines(path: Path) -> Generator[tuple[int, bytes | None]]:
    """Yield each line that is not empty with its number; None for one that is too long, which is not kept."""
    check_is_file(path)
    try:
        stream = path.open("rb")
    except OSError as err:
        raise Invalid(f"Le fichier ne peut pas être lu : {said(err)}.") from err
    with stream:
        if stream.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            stream.seek(0)
        number = 0
        while raw := stream.readline(_LONGEST):
            number += 1
            is_whole = raw.endswith(b"\n") or len(raw) < _LONGEST
            while not is_whole:
                rest = stream.readline(_LONGEST)
                is_whole = not rest or rest.endswith(b"\n")
                raw = b""
            if not raw:
                yield number, None
            elif raw.strip(b" \r\n\x1a"):
                yield number, raw.rstrip(b"\r\n")


def read_lines(path: Path, known: Survey) -> Generator[RawLine]:
    """Yield the deaths' lines, the header and empty lines left out."""
    lines = _raw_lines(path)
    if known.form is Form.CSV:
        next(lines, None)
    for number, raw in lines:
        yield RawLine(number, None if raw is None else _decode(raw))


def read_death(line: RawLine, known: Survey, today: date) -> tuple[DeathLine | None, list[Remark]]:
    """Read one line; return the death, or None with at least one `rejet` that says why."""
    remarks: list[Remark] = []

    def refuse(column: str, code: str, message: str) -> None:
        remarks.append(Remark(line.number, "rejet", column, code, message))

    def warn(column: str, code: str, message: str) -> None:
        remarks.append(Remark(line.number, "avertissement", column, code, message))

    cells = _cells(line, known, refuse)
    if cells is None:
        return None, remarks
    found = _read(cells, today, refuse, warn)
    is_refused = any(remark.level == "rejet" for remark in remarks)
    return None if is_refused else found, remarks


_Text = TypeVar("_Text", str, bytes)
_Tell = Callable[[str, str, str], None]


def _cells(line: RawLine, known: Survey, refuse: _Tell) -> list[str] | None:
    """Cut a line into its nine cells."""
    text = line.text
    if text is None:
        refuse("", "line-length", f"Cette ligne dépasse {_LONGEST} octets : aucun décès n'est si long.")
        return None
    if known.form is Form.CSV:
        return _csv_cells(text, known, refuse)
    if len(text) < _SHORTEST:
        refuse("", "line-length", f"Cette ligne compte moins de {_SHORTEST} caractères : il lui manque la fin.")
        return None
    cells = _cut(text)
    if not text.isascii() and not _is_date(cells[6]):
        # Some years count bytes and not characters: an accent takes two.
        return [cell.decode("utf-8", "replace").strip() for cell in _cut(text.encode())]
    return [cell.strip() for cell in cells]


def _cut(text: _Text) -> list[_Text]:
    starts = accumulate(_WIDTHS, initial=0)
    return [text[start : start + width] for start, width in zip(starts, _WIDTHS, strict=False)]


def _csv_cells(text: str, known: Survey, refuse: _Tell) -> list[str] | None:
    try:
        (cells,) = csv.reader([text], delimiter=";", strict=True)
    except (csv.Error, ValueError):
        cells = []
    if len(cells) != known.width:
        refuse("", "columns", "Le nombre de colonnes de cette ligne n'est pas celui de l'en-tête.")
        return None
    return [cells[place].strip() for place in known.order]


def _read(cells: Sequence[str], today: date, refuse: _Tell, warn: _Tell) -> DeathLine | None:
    names, sex, born, birth_place, _town, _country, died, place, act = cells
    family, given = _names(names, refuse)
    if sex not in _SEXES:
        refuse("sexe", "code-invalid", "Le sexe doit être 1 (homme) ou 2 (femme).")
    birth_date = _birth_date(born, refuse)
    when = _death_date(died, today, refuse)
    if when and birth_date and when.last_day < _first_day(birth_date):
        refuse("datedeces", "death-before-birth", "Le décès précède la naissance.")
    if when is None or family is None or sex not in _SEXES:
        return None
    traits = Traits(
        birth_name=family,
        given_names=given,
        birth_date=birth_date.completed() if birth_date else None,
        sex=_SEXES[sex],
        birth_place=_place(birth_place, "lieunaiss", warn),
    )
    return DeathLine(traits, when, _place(place, "lieudeces", warn), _act(act, warn))


def _first_day(born: BirthDate) -> date:
    return date(born.year, born.month or 1, born.day or 1)


def _names(text: str, refuse: _Tell) -> tuple[str | None, tuple[str, ...]]:
    cut = _NAMES.fullmatch(text)
    if cut is None:
        refuse("nomprenom", "name-format", "Le nom doit être écrit NOM*PRENOM PRENOM/.")
        return None, ()
    try:
        family = write_name(cut[1], "birth_name")
        return family, tuple(write_name(part, "given_names") for part in split_given_names(cut[2]))
    except TraitError as err:
        refuse("nomprenom", err.code, err.message)
        return None, ()


def _partial(text: str) -> str | None:
    """Write AAAAMMJJ as an ISO date as complete as it is known; None when it is not such a date."""
    cut = _DATE.fullmatch(text)
    if cut is None:
        return None
    year, month, day = cut.groups()
    if month == "00":
        return year
    return f"{year}-{month}" if day == "00" else f"{year}-{month}-{day}"


def _is_date(text: str) -> bool:
    try:
        DeathDate.parse(_partial(text) or "")
    except TraitError:
        return False
    return True


def _birth_date(text: str, refuse: _Tell) -> BirthDate | None:
    if text[:4] in ("", "0000"):
        return None
    iso = _partial(text)
    if iso is None:
        refuse("datenaiss", "date-format", "La date de naissance doit être écrite AAAAMMJJ, 00 pour l'inconnu.")
        return None
    try:
        return BirthDate.parse(iso)
    except TraitError as err:
        refuse("datenaiss", err.code, err.message)
        return None


def _death_date(text: str, today: date, refuse: _Tell) -> DeathDate | None:
    iso = _partial(text)
    if iso is None:
        refuse("datedeces", "date-format", "La date de décès doit être écrite AAAAMMJJ, 00 pour l'inconnu.")
        return None
    try:
        when = DeathDate.parse(iso)
    except TraitError as err:
        refuse("datedeces", err.code, err.message)
        return None
    if when.first_day > today:
        refuse("datedeces", "date-future", "La date de décès est dans l'avenir.")
        return None
    return when


def _place(text: str, column: str, warn: _Tell) -> str | None:
    if not text:
        return None
    try:
        return check_birth_place(text.upper())
    except TraitError as err:
        warn(column, err.code, "Code de lieu illisible : laissé de côté.")
        return None


def _act(text: str, warn: _Tell) -> str | None:
    if not text:
        return None
    if len(text) > 20 or not text.isprintable():
        warn("actedeces", "value", "Numéro d'acte illisible : laissé de côté.")
        return None
    return text
