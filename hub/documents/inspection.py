"""What a deposited file is: by its first bytes, its name and what a parser in a child process says (D5).

A file is refused with a sentence that says how to mend it. Nothing of the file runs in this process.
"""

import json
import subprocess
import sys
from dataclasses import dataclass

from hub.config import inherited
from hub.errors import Invalid, Unavailable

WALL_SECONDS = 20
PAGE_WIDTH = 1100

# First bytes → content type and the endings that may go with it.
_SIGNATURES: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF-", "application/pdf", ("pdf",)),
    (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
    (b"GIF87a", "image/gif", ("gif",)),
    (b"GIF89a", "image/gif", ("gif",)),
    (b"II*\x00", "image/tiff", ("tif", "tiff")),
    (b"MM\x00*", "image/tiff", ("tif", "tiff")),
    (b"BM", "image/bmp", ("bmp",)),
)
ENDINGS = tuple(ending for _, _, endings in _SIGNATURES for ending in endings)
ACCEPTED = "PDF, BMP, GIF, JPEG, PNG ou TIFF"
_PROBLEMS = {
    "encrypted": "Ce PDF est protégé par un mot de passe : enregistrez-le sans protection, puis redéposez-le.",
    "unreadable": "Ce fichier est abîmé ou incomplet : ouvrez-le pour vérifier, puis enregistrez-le de nouveau.",
}


@dataclass(frozen=True, slots=True)
class Inspected:
    """An acceptable file: what it is and how many pages it has."""

    content_type: str
    pages: int


def inspect(name: str, content: bytes, limit: int) -> Inspected:
    """Check a file; raise `Invalid` (field `file`) with what to do. `limit` is in bytes, inclusive."""
    if len(content) > limit:
        raise Invalid(
            f"Ce fichier dépasse {limit // 1_000_000} Mo : réduisez-le ou envoyez-le en plusieurs fois.", "file"
        )
    if not content:
        raise Invalid("Ce fichier est vide : vérifiez-le sur votre ordinateur, puis déposez-le de nouveau.", "file")
    content_type, endings = _signature(content)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in endings:
        raise Invalid(
            f"Le contenu de ce fichier ne correspond pas à son nom (« .{ending or '?'} ») : "
            f"enregistrez-le de nouveau en {ACCEPTED}.",
            "file",
        )
    found = json.loads(_run(["inspect"], content))
    if "problem" in found:
        raise Invalid(_PROBLEMS[found["problem"]], "file")
    return Inspected(content_type, int(found["pages"]))


def render_page(content: bytes, number: int) -> bytes:
    """Return a page as PNG, 1,100 pixels wide; raise `Invalid` when it cannot be drawn."""
    return _run(["page", str(number), str(PAGE_WIDTH)], content)


def read_text(content: bytes) -> str:
    """Return the text of a PDF's first 50 pages, for screen readers; empty for images."""
    return _run(["text"], content).decode(errors="replace")


def _signature(content: bytes) -> tuple[str, tuple[str, ...]]:
    for magic, content_type, endings in _SIGNATURES:
        if content.startswith(magic):
            return content_type, endings
    raise Invalid(f"Ce type de fichier n'est pas accepté : déposez un fichier {ACCEPTED}.", "file")


def _run(arguments: list[str], content: bytes) -> bytes:
    command = [sys.executable, "-I", "-m", "hub.documents.parser", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - fixed command, no shell
            command, input=content, capture_output=True, timeout=WALL_SECONDS, env=inherited({}), check=False
        )
    except subprocess.TimeoutExpired as err:
        raise Invalid(_PROBLEMS["unreadable"], "file") from err
    except OSError as err:
        raise Unavailable("Le serveur ne peut pas ouvrir de document pour l'instant. Réessayez.") from err
    if done.returncode != 0:
        raise Invalid(_PROBLEMS["unreadable"], "file")
    return done.stdout
