"""Document types: the French value set of CI-SIS (JDV_J07, LOINC), from `data/reference/document-types.csv`."""

import csv
from dataclasses import dataclass
from pathlib import Path

from hub.errors import Invalid


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A type: code, official label, and the plain words shown to patients."""

    code: str
    label: str
    plain: str


@dataclass(frozen=True, slots=True)
class DocumentTypes:
    """All types, the commonest first."""

    ordered: tuple[DocumentType, ...]

    def get(self, code: str) -> DocumentType:
        """Return a type; raise `Invalid` when the code is not of the set."""
        for item in self.ordered:
            if item.code == code:
                return item
        raise Invalid("Choisissez un type de document dans la liste.", "type")


def read_types(data_dir: Path) -> DocumentTypes:
    """Read the table of the data folder."""
    with (data_dir / "reference" / "document-types.csv").open(encoding="utf-8", newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: int(row["order"]))
    return DocumentTypes(tuple(DocumentType(row["code"], row["label"], row["short_label"]) for row in rows))
