"""Load a file of identities (CSV or Parquet): in chunks, resumable, with every refused line explained.

The chunk, its decisions and the position reached are one transaction: an interrupted load goes on after the last
chunk that was kept, and a line is never loaded twice. A line whose traits cannot be read is refused; a line whose
INS cannot be trusted is loaded without it and listed as a warning, so that no identity is lost for a typing error.
"""

import csv
import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import csv_lines, db
from hub.audit.trail import Actor
from hub.directory import organizations
from hub.directory.values import Structure
from hub.errors import Conflict, Invalid
from hub.file_kinds import is_parquet
from hub.registry import intake
from hub.registry.intake import Registrar
from hub.registry.tables import LoadRun
from hub.registry.values import Channel, IncomingIdentity
from identity import cells
from identity.completeness import warnings as trait_warnings
from identity.ins import Ins, InsError, InsOid, parse_ins
from identity.normalise import check_birth_place, clean_email, clean_phone, split_given_names, write_name
from identity.status import IdentityStatus
from identity.traits import Address, BirthDate, Sex, TraitError, Traits

COLUMNS = (
    "record_id", "source", "birth_family", "used_family", "given_names", "used_given", "birth_date", "sex",
    "birth_place", "ins", "address", "postcode", "city", "phone", "email",
)  # fmt: skip
OPTIONAL = ("ins_oid", "status", "death_date")
_POSTCODE = 5
"""Signs of a postcode."""
CHUNK = 500

Line = Mapping[str, str]

# The key that marks a line whose cells do not match the header.
_TORN = "\0torn"


@dataclass(frozen=True, slots=True)
class Remark:
    """Why a line was refused, or what of it was left out. `line` counts from 1, the header excepted."""

    line: int
    record_id: str
    level: str
    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load has come."""

    lines: int
    accepted: int
    rejected: int
    warned: int


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the operator chose. `source` forces every line into one structure."""

    accepted_oids: frozenset[InsOid]
    default_oid: InsOid
    source: str | None = None

    @property
    def key(self) -> str:
        """Tell two loads of one file with different options apart."""
        return f"source={self.source or ''};oid={self.default_oid.value}"


def count_lines(path: Path) -> int:
    """Return the number of identities in the file; raise `Invalid` when it cannot be read as a table."""
    if is_parquet(path):
        return int(_parquet(path).metadata.num_rows)
    return sum(1 for _ in _csv_lines(path))


def digest(path: Path) -> str:
    """Return the SHA-256 of the file, which names its load."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load(
    path: Path,
    options: LoadOptions,
    registrar: Registrar,
    actor: Actor,
    rejected: Path,
    report: Callable[[Progress], None],
) -> Progress:
    """Load the file from where a former run stopped; call `report` after each chunk; return the totals.

    Raises `Invalid` for a file that is no table or lacks a column, `Conflict` when it was loaded already.
    """
    lines = read_lines(path)
    name = digest(path)
    with db.transaction() as session:
        run_id, done = _open_run(session, name, options)
        structures = organizations.all_with_domain(session)
    if options.source is not None and options.source not in structures:
        raise Invalid(f"Aucune structure avec domaine ne porte le code « {options.source} ».", "source")
    progress = done
    report(progress)
    numbered = enumerate(lines, start=1)
    for _ in islice(numbered, done.lines):
        pass
    file = _RejectFile(rejected, append=done.lines > 0)
    with closing(lines):
        while batch := list(islice(numbered, CHUNK)):
            progress = _load_chunk(run_id, batch, options, structures, registrar, actor, progress, file)
            report(progress)
    with db.transaction() as session:
        run = session.get_one(LoadRun, run_id)
        if progress.accepted:
            run.finished_at = db.now(session)
        else:
            # Nothing was kept: once its structure is registered, the same file may be given again.
            session.delete(run)
    return progress


def _open_run(session: Session, name: str, options: LoadOptions) -> tuple[int, Progress]:
    query = sa.select(LoadRun).where(LoadRun.file_digest == name, LoadRun.options == options.key)
    run = session.scalar(query.with_for_update())
    if run is None:
        run = LoadRun(file_digest=name, options=options.key, started_at=db.now(session))
        run.lines_done = run.accepted = run.rejected = run.warned = 0
        session.add(run)
        session.flush()  # the id names the run
    elif run.finished_at is not None:
        raise Conflict("Ce fichier a déjà été chargé en entier avec ces options ; rien n'a été changé.")
    return run.id, Progress(run.lines_done, run.accepted, run.rejected, run.warned)


def _load_chunk(
    run_id: int,
    batch: list[tuple[int, Line]],
    options: LoadOptions,
    structures: Mapping[str, Structure],
    registrar: Registrar,
    actor: Actor,
    before: Progress,
    file: "_RejectFile",
) -> Progress:
    accepted: list[tuple[int, IncomingIdentity]] = []
    remarks: list[Remark] = []
    for number, line in batch:
        incoming, line_remarks = read_identity(number, line, options, structures)
        remarks += line_remarks
        if incoming is not None:
            accepted.append((number, incoming))
    with db.transaction() as session:
        run = session.scalars(sa.select(LoadRun).where(LoadRun.id == run_id).with_for_update()).one()
        if run.lines_done != before.lines:
            raise Conflict("Un autre chargement du même fichier est en cours.")
        accepted, doubled = _drop_doubles(session, accepted)
        remarks += doubled
        if accepted:
            intake.receive_all(session, [incoming for _, incoming in accepted], registrar, actor)
        run.lines_done = before.lines + len(batch)
        run.accepted = before.accepted + len(accepted)
        run.rejected = before.rejected + len(batch) - len(accepted)
        run.warned = before.warned + sum(remark.level == "avertissement" for remark in remarks)
        after = Progress(run.lines_done, run.accepted, run.rejected, run.warned)
    file.write(sorted(remarks, key=lambda remark: remark.line))
    return after


def _drop_doubles(
    session: Session, accepted: list[tuple[int, IncomingIdentity]]
) -> tuple[list[tuple[int, IncomingIdentity]], list[Remark]]:
    """Refuse a number that comes a second time in the chunk: one record number is one patient of the structure."""
    seen: set[tuple[str, str]] = set()
    kept, remarks = [], []
    for number, incoming in accepted:
        key = (incoming.domain, incoming.value)
        if key in seen:
            text = "Ce numéro apparaît déjà plus haut dans le fichier."
            remarks.append(Remark(number, incoming.value, "rejet", "record_id", "duplicate", text))
        else:
            seen.add(key)
            kept.append((number, incoming))
    return kept, remarks


def read_identity(
    number: int, line: Line, options: LoadOptions, structures: Mapping[str, Structure]
) -> tuple[IncomingIdentity | None, list[Remark]]:
    """Read one line; return the identity, or None with at least one `rejet` that says why."""
    record_id = line.get("record_id", "").strip()
    remarks: list[Remark] = []

    def refuse(column: str, code: str, message: str) -> None:
        remarks.append(Remark(number, record_id, "rejet", column, code, message))

    def warn(column: str, code: str, message: str) -> None:
        remarks.append(Remark(number, record_id, "avertissement", column, code, message))

    if _TORN in line:
        refuse("", "columns", "Le nombre de colonnes de cette ligne n'est pas celui de l'en-tête.")
        return None, remarks
    if not record_id or len(record_id) > 128:
        refuse("record_id", "required", "Le numéro du patient manque ou dépasse 128 caractères.")
    source = options.source or line.get("source", "").strip()
    structure = structures.get(source)
    if structure is None:
        refuse("source", "unknown-source", "Cette structure n'est pas enregistrée (hub organization add).")
    traits, status = None, IdentityStatus.PROVISIONAL
    try:
        status = IdentityStatus(line.get("status", "").strip() or "PROV")
    except ValueError:
        refuse("status", "code-invalid", "Le statut doit être PROV, RECUP, VALI ou QUAL.")
    try:
        traits = _traits(line, refuse, warn)
    except TraitError as err:
        refuse(_COLUMN_OF.get(err.field, err.field), err.code, err.message)
    if any(remark.level == "rejet" for remark in remarks) or traits is None or structure is None:
        return None, remarks
    ins = _ins(line, options, warn)
    if ins is not None and not status.carries_ins:
        if line.get("status", "").strip():
            warn("ins", "ins-not-qualified", "INS laissée de côté : le statut de l'identité n'en porte pas.")
            ins = None
        else:
            # Without a status column, an INS with a right key was obtained from INSi but not checked by the hub.
            status = IdentityStatus.RETRIEVED
    elif ins is None and status.carries_ins:
        warn("status", "status-lowered", "Statut ramené à provisoire ou validé : il suppose une INS.")
        lowered = {IdentityStatus.QUALIFIED: IdentityStatus.VALIDATED}
        status = lowered.get(status, IdentityStatus.PROVISIONAL)
    traits = replace(traits, ins=ins)
    for problem in trait_warnings(traits, status):
        warn(_COLUMN_OF.get(problem.field, problem.field), problem.code, problem.message)
    incoming = IncomingIdentity(
        organization_id=structure.id,
        domain=structure.domain or "",
        value=record_id,
        traits=traits,
        status=status,
        channel=Channel.FILE,
    )
    return incoming, remarks


_COLUMN_OF = {
    "birth_name": "birth_family",
    "used_name": "used_family",
    "used_given_name": "used_given",
    "ins": "ins",
}


def _traits(line: Line, refuse: Callable[[str, str, str], None], warn: Callable[[str, str, str], None]) -> Traits:
    def text(column: str) -> str | None:
        return line.get(column, "").strip() or None

    def name(column: str, field: str) -> str | None:
        raw = text(column)
        return write_name(raw, field) if raw else None

    birth_name, used_name = name("birth_family", "birth_name"), name("used_family", "used_name")
    given_raw = text("given_names") or ""
    given = tuple(write_name(part, "given_names") for part in split_given_names(given_raw))
    used_given = name("used_given", "used_given_name")
    if birth_name is None and used_name is None:
        refuse("birth_family", "trait-missing", "Il faut au moins le nom de naissance ou le nom utilisé.")
    if not given and used_given is None:
        refuse("given_names", "trait-missing", "Il faut au moins un prénom.")
    raw_date = text("birth_date")
    birth_date = BirthDate.parse(cells.date_of(raw_date)) if raw_date else None
    if birth_date is None:
        warn("birth_date", "trait-missing", "Sans date de naissance, l'identité ne sera jamais reliée seule.")
    elif not birth_date.is_complete:
        birth_date = birth_date.completed()
        warn("birth_date", "date-completed", "Date incomplète : complétée selon le RNIV et marquée présumée.")
    raw_sex = (text("sex") or "U").upper()
    if raw_sex not in set(Sex):
        raise TraitError("sex", "code-invalid", "Le sexe doit être M, F, U ou vide.")
    raw_place = text("birth_place")
    raw_death = text("death_date")
    postcode = text("postcode")
    address = Address(text("address"), cells.code_of(postcode, _POSTCODE) if postcode else None, text("city"))
    raw_phone, raw_email = text("phone"), text("email")
    phone = clean_phone(cells.phone_of(raw_phone)) if raw_phone else None
    email = clean_email(cells.email_of(raw_email)) if raw_email else None
    if raw_phone and phone is None:
        warn("phone", "value", "Téléphone illisible : laissé de côté.")
    if raw_email and email is None:
        warn("email", "value", "Adresse électronique illisible : laissée de côté.")
    return Traits(
        birth_name=birth_name,
        used_name=used_name,
        given_names=given,
        used_given_name=used_given,
        birth_date=birth_date,
        sex=Sex(raw_sex),
        birth_place=check_birth_place(cells.place_of(raw_place).upper()) if raw_place else None,
        address=address if address.line or address.postcode or address.city else None,
        phone=phone,
        email=email,
        death_date=_death_date(raw_death),
    )


def _death_date(raw: str | None) -> date | None:
    if raw is None:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError as err:
        raise TraitError("death_date", "date-format", "La date de décès doit être écrite AAAA-MM-JJ.") from err


def _ins(line: Line, options: LoadOptions, warn: Callable[[str, str, str], None]) -> Ins | None:
    raw = line.get("ins", "").strip()
    if not raw:
        return None
    try:
        ins = parse_ins(raw, line.get("ins_oid", "").strip() or options.default_oid.value)
    except InsError as err:
        warn("ins", err.code, f"INS laissée de côté : {err.message}")
        return None
    if ins.oid not in options.accepted_oids:
        warn("ins_oid", "ins-oid", "INS laissée de côté : cette autorité n'est pas admise ici.")
        return None
    return ins


class _RejectFile:
    """The CSV of refused lines and warnings, next to the load; made only when there is something to tell."""

    HEADER = ("ligne", "record_id", "niveau", "colonne", "code", "explication")

    def __init__(self, path: Path, *, append: bool) -> None:
        self._path = path
        if not append:
            path.unlink(missing_ok=True)

    def write(self, remarks: list[Remark]) -> None:
        if not remarks:
            return
        new = not self._path.exists()
        with self._path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            if new:
                writer.writerow(self.HEADER)
            writer.writerows(
                (item.line, item.record_id, item.level, item.column, item.code, item.message) for item in remarks
            )


def are_explanations(path: Path) -> bool:
    """Tell the explanations of an earlier load, or an empty file, from what somebody else put there."""
    with path.open("rb") as stream:
        return stream.readline(1000).strip() in (b"", ",".join(_RejectFile.HEADER).encode())


def read_lines(path: Path) -> Generator[Line]:
    """Yield the file's lines as texts by column; raise `Invalid` at once when it lacks a column."""
    if is_parquet(path):
        table = _parquet(path)
        csv_lines.check_columns(table.schema_arrow.names, COLUMNS)
        return _parquet_lines(table)
    return _csv_lines(path)


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as err:
        raise Invalid("Le fichier commence comme un Parquet mais ne peut pas être lu comme tel.") from err


def _next(batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
    try:
        return next(batches, None)
    except (pa.ArrowException, OSError) as err:
        raise Invalid(
            "Le fichier Parquet est abîmé : les lignes qui suivent les dernières chargées ne se lisent pas."
        ) from err


def _parquet_lines(table: pq.ParquetFile) -> Generator[Line]:
    wanted = [name for name in (*COLUMNS, *OPTIONAL) if name in table.schema_arrow.names]
    batches = table.iter_batches(batch_size=CHUNK, columns=wanted)
    while (batch := _next(batches)) is not None:
        columns = [[_as_text(value) for value in column.to_pylist()] for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield dict(zip(batch.schema.names, values, strict=True))


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _csv_lines(path: Path) -> Generator[Line]:
    delimiter = csv_lines.read_delimiter(path, COLUMNS)
    csv_lines.check_quotes(csv_lines.first_broken(path, delimiter))
    return _csv_rows(path, delimiter)


def _csv_rows(path: Path, delimiter: str) -> Generator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if None in row or None in row.values():
                    yield {"record_id": row.get("record_id") or "", _TORN: "oui"}
                else:
                    yield row
        except UnicodeDecodeError as err:
            raise Invalid(f"Après la ligne {reader.line_num}, le fichier n'est plus en UTF-8.") from err
        except csv.Error as err:
            # What is left: a cell of more than 131,072 letters, a lone carriage return.
            raise Invalid(f"Ligne {reader.line_num} du fichier : elle n'a pas la forme d'une ligne de CSV.") from err
