"""The people whom the demonstration's INSi knows: those of the region whose INS a structure holds, and the stub's.

INSi knows the truth: of each person, the traits are those of the surest record kept of them.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.insi.stub import COLUMNS
from identity.ins import InsError, parse_ins

_SUREST = ("QUAL", "RECUP")
_NEEDED = ("birth_family", "given_names", "birth_date", "sex", "birth_place", "ins", "ins_oid")
_SEXES = ("M", "F")
_UNKNOWN_PLACE = "99999"


def write_people(region: Path, shipped: Path, out: Path) -> int:
    """Write the people of a region and those of the file shipped with the stub; return how many.

    `region` holds the region's identity files and `truth.csv`; `shipped` is `data/demonstration/insi.csv`.
    """
    found = {line["matricule"]: line for line in _of_region(region)}
    with shipped.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            found.setdefault(line["matricule"], line)
    half = out.with_suffix(".part")
    with half.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found.values())
    # Stopped half-way, the next start writes it again.
    half.replace(out)
    return len(found)


def _of_region(region: Path) -> Iterator[dict[str, str]]:
    with (region / "truth.csv").open(encoding="utf-8", newline="") as stream:
        whose = {(line["structure"], line["record_id"]): line["person_id"] for line in csv.DictReader(stream)}
    kept: dict[str, tuple[int, dict[str, str]]] = {}
    for structure in sorted({structure for structure, _ in whose}):
        with (region / f"identities-{structure}.csv").open(encoding="utf-8", newline="") as stream:
            for line in csv.DictReader(stream):
                person = whose.get((line["source"], line["record_id"]))
                if person is None or not _is_told(line):
                    continue
                rank = _SUREST.index(line["status"])
                if person not in kept or rank < kept[person][0]:
                    kept[person] = rank, _known(line)
    for _rank, known in kept.values():
        yield known


def _is_told(line: Mapping[str, str]) -> bool:
    """Tell whether INSi could know this record as it is."""
    if line["status"] not in _SUREST or not all(line[name] for name in _NEEDED):
        return False
    if line["sex"] not in _SEXES or line["birth_place"] == _UNKNOWN_PLACE or len(line["birth_date"]) != 10:
        return False
    try:
        parse_ins(line["ins"], line["ins_oid"])
    except InsError:
        return False
    return True


def _known(line: Mapping[str, str]) -> dict[str, str]:
    return {
        "matricule": line["ins"],
        "oid": line["ins_oid"],
        "birth_name": line["birth_family"],
        "given_names": line["given_names"],
        "birth_date": line["birth_date"],
        "sex": line["sex"],
        "birth_place": line["birth_place"],
        "former": "",
        "behaviour": "",
    }
