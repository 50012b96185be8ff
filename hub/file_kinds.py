"""What a file is by how it opens, whatever its name says: a Parquet, a text that may be a CSV, or neither."""

from pathlib import Path

from hub.errors import Invalid
from hub.system_errors import said

_PARQUET = b"PAR1"
_OTHERS = {
    b"PK\x03\x04": "une archive zip ou un classeur (xlsx, ods)",
    b"\xd0\xcf\x11\xe0": "un classeur d'un ancien format (xls)",
    b"\x1f\x8b": "une archive gzip",
    b"%PDF": "un PDF",
    b"\xff\xfe": "un texte en UTF-16",
    b"\xfe\xff": "un texte en UTF-16",
}


def check_is_file(path: Path) -> None:
    """Refuse a pipe or a device: to open a pipe that nobody writes into would wait for ever."""
    if path.exists() and not path.is_file():
        raise Invalid("Ce n'est pas un fichier ordinaire : enregistrez d'abord son contenu dans un fichier.")


def is_parquet(path: Path) -> bool:
    """Tell a Parquet from what may be a CSV; raise `Invalid` for what is neither, or cannot be read."""
    check_is_file(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as err:
        raise Invalid(f"Le fichier ne peut pas être lu : {said(err)}.") from err
    if not start:
        raise Invalid("Le fichier est vide.")
    for signature, what in _OTHERS.items():
        if start.startswith(signature):
            raise Invalid(f"Le fichier est {what}, quel que soit son nom : donnez un CSV en UTF-8 ou un Parquet.")
    return start == _PARQUET
