"""Files that a command writes: whole or not at all, and never over what it reads, a device or a pipe."""

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.errors import Invalid
from hub.system_errors import said


def check(path: Path, inputs: Sequence[Path]) -> None:
    """Refuse an output that is an input, that would harm what is there, or has nowhere to go."""
    try:
        _check(path, inputs)
    except OSError as err:
        raise Invalid(f"{path} ne peut pas être écrit : {said(err)}.") from err


def _check(path: Path, inputs: Sequence[Path]) -> None:
    if not path.parent.is_dir():
        raise Invalid(f"Le dossier {path.parent} n'existe pas : créez-le d'abord.")
    if path.is_symlink() and not path.exists():
        raise Invalid(f"{path} est un lien vers un fichier qui n'existe pas : choisissez un autre nom.")
    if path.exists() and any(file.exists() and path.samefile(file) for file in inputs):
        raise Invalid("Le fichier de sortie est le fichier lu : choisissez un autre nom.")
    if path.exists() and not (path.is_file() or path.is_dir()):
        # As root, to rename over it would put a file in the place of /dev/null.
        raise Invalid(f"{path} n'est pas un fichier ordinaire : choisissez un autre nom.")


@contextmanager
def new(path: Path) -> Iterator[Path]:
    """Give a name to write under; what was written takes the place of `path` only when all went well."""
    # Through a link, the file that it names is written.
    final = path.resolve()
    draft = final.with_name(f".{final.name}.{os.getpid()}.part")
    try:
        _clear(final)
        yield draft
        draft.replace(final)
    except OSError as err:
        raise Invalid(f"{path} ne peut pas être écrit : {said(err)}.") from err
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text whole; raise `Invalid` when it cannot be, and leave what was there."""
    with new(path) as draft:
        draft.write_text(text, encoding="utf-8")


def _clear(final: Path) -> None:
    """Remove what runs that were killed left of an earlier writing."""
    for left in final.parent.glob(f".{glob.escape(final.name)}.*.part"):
        number = left.name.removesuffix(".part").rpartition(".")[2]
        if number.isdecimal() and not _runs(int(number)):
            left.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    # A process of somebody else's may not be asked, and a number too large is none of ours: left alone.
    with suppress(OverflowError, PermissionError):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
