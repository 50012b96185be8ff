"""What a deposited file is: accepted kinds, and a sentence for every other."""

import io

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from hub.documents import inspection
from hub.errors import Invalid
from tests.factories import sample_pdf

LIMIT = 50_000_000


def _image(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(stream, kind)
    return stream.getvalue()


def _encrypted() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(sample_pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "kind", "content_type"),
    [
        pytest.param("a.png", "PNG", "image/png", id="png"),
        pytest.param("a.JPG", "JPEG", "image/jpeg", id="jpg in capitals"),
        pytest.param("a.jpeg", "JPEG", "image/jpeg", id="jpeg"),
        pytest.param("a.gif", "GIF", "image/gif", id="gif"),
        pytest.param("a.bmp", "BMP", "image/bmp", id="bmp"),
        pytest.param("a.tiff", "TIFF", "image/tiff", id="tiff"),
    ],
)
def test_every_accepted_image_passes_and_can_be_drawn(name: str, kind: str, content_type: str) -> None:
    content = _image(kind)

    found = inspection.inspect(name, content, LIMIT)

    assert (found.content_type, found.pages) == (content_type, 1)
    assert inspection.render_page(content, 1).startswith(b"\x89PNG")


def test_a_pdf_passes_is_drawn_and_read() -> None:
    content = sample_pdf("Bonjour Madame")

    found = inspection.inspect("lettre.pdf", content, LIMIT)

    assert (found.content_type, found.pages) == ("application/pdf", 1)
    assert inspection.render_page(content, 1).startswith(b"\x89PNG")
    assert "Bonjour Madame" in inspection.read_text(content)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        pytest.param("a.pdf", b"", "vide", id="empty"),
        pytest.param("a.pdf", b"%PDF-1.7 nothing more", "abîmé", id="truncated"),
        pytest.param("a.pdf", sample_pdf()[:200], "abîmé", id="cut"),
        pytest.param("a.pdf", _image("PNG"), "ne correspond pas à son nom", id="png called pdf"),
        pytest.param("a.png", sample_pdf(), "ne correspond pas à son nom", id="pdf called png"),
        pytest.param("a", sample_pdf(), "ne correspond pas à son nom", id="no ending"),
        pytest.param("a.pdf", b"<html><script>alert(1)</script>", "n'est pas accepté", id="html"),
        pytest.param("a.pdf", b"MZ\x90\x00", "n'est pas accepté", id="program"),
        pytest.param("a.pdf", b"\n%PDF-1.7", "n'est pas accepté", id="signature not at the first byte"),
        pytest.param("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 40, "abîmé", id="broken image"),
        pytest.param("a.pdf", _encrypted(), "mot de passe", id="encrypted"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        inspection.inspect(name, content, LIMIT)

    assert refused.value.field == "file"


def test_the_limit_is_inclusive() -> None:
    content = sample_pdf()

    inspection.inspect("a.pdf", content, len(content))
    with pytest.raises(Invalid, match="dépasse"):
        inspection.inspect("a.pdf", content, len(content) - 1)


def test_an_image_that_unfolds_without_end_is_refused() -> None:
    stream = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(stream, "PNG")

    with pytest.raises(Invalid, match="abîmé"):
        inspection.inspect("bomb.png", stream.getvalue(), LIMIT)
