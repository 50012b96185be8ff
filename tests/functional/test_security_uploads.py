"""Hostile files: what they claim, how they are called, what they cost, and what a patient's browser would do."""

import io
import struct
import time
import zlib

import httpx2 as httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject

from hub import db
from hub.accounts import sessions
from hub.accounts.sessions import Level, Space
from hub.documents import deposit, inspection
from hub.documents.tables import Document
from hub.errors import Invalid
from hub.routing.tables import Delivery
from tests import live, stories
from tests.factories import make_staff, make_structure, parts_of, sample_pdf, token_of
from tests.functional.intruders import patient_browser
from tests.functional.practice_pages import Desk, rows, sit_down
from tests.hub.registry.people import rows as ordered_rows

_RTL = "compte\u202efdp.exe\u202c.pdf"
NAMES = {
    "path": ("../../etc/passwd.pdf", "passwd"),
    "windows": ("C:\\Users\\x\\radio.pdf", "radio"),
    "line ends": ("a\r\nContent-Type: text/html\r\n\r\nb.pdf", "html b"),
    "right to left": (_RTL, "comptefdp.exe"),
    "zero width": ("ordo\u200bnnance\ufeff.pdf", "ordonnance"),
    "quotes": ('a"; filename="b.html".pdf', 'a"; filename="b.html"'),
    "markup": ("<script>alert(1)<\\script>.pdf", "script>"),
    "ligature": ("Fond d’œil – 3 €.pdf", "Fond d’œil – 3 €"),
    "long": ("é" * 5000 + ".pdf", "é" * 200),
}


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


@pytest.mark.parametrize("case", NAMES)
def test_the_name_of_a_file_becomes_a_harmless_title(app: Flask, case: str) -> None:
    name, title = NAMES[case]
    parts = parts_of(app)

    stored = deposit.store_file(name, sample_pdf(), 1, parts.store, parts.vault, 50_000_000)

    assert stored.title == title or (case == "line ends" and "\r" not in stored.title and "\n" not in stored.title)
    assert stored.title.isprintable()
    assert len(stored.title) <= 200


@pytest.mark.parametrize("name", [name for name, _ in NAMES.values()], ids=list(NAMES))
def test_a_download_is_an_attachment_whatever_its_name(app: Flask, name: str) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    sent = stories.send(app, structure, member, identity, copy=True)
    with app.app_context(), db.transaction() as session:
        session.get_one(Document, sent.document.id).title = deposit.clean_title(name)

    answer = patient_browser(app, account).get(f"/portail/documents/{sent.deliveries[0].id}/fichier")

    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert disposition.isascii()
    assert not any(character in disposition for character in "\r\n")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "/" not in disposition.replace("%2F", "/").partition("''")[2]


def test_a_date_typed_in_a_title_stays(app: Flask) -> None:
    assert deposit.clean_title("Compte rendu du 12/03/2026") == "Compte rendu du 12-03-2026"


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


REFUSED = {
    "svg": ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    "svg called png": ("x.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "html": ("x.html", b"<!doctype html><script>alert(1)</script>"),
    "html called pdf": ("x.pdf", b"<!doctype html><script>alert(1)</script>"),
    "pdf called html": ("x.html", sample_pdf()),
    "pdf called pdf.html": ("x.pdf.html", sample_pdf()),
    "pdf called exe": ("x.pdf.exe", sample_pdf()),
    "no ending": ("pdf", sample_pdf()),
    "header then html": ("x.pdf", b"%PDF-1.7\n<html><script>alert(1)</script></html>"),
    "html then pdf": ("x.pdf", b"<html>" + sample_pdf()),
    "gif header then script": ("x.gif", b"GIF89a/*" + b"*/=1;alert(1)//"),
    "a picture without end": ("x.png", _png(60_000, 60_000)),
    "zip": ("x.pdf", b"PK\x03\x04" + b"\0" * 100),
    "exe": ("x.bmp", b"MZ" + b"\0" * 100),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_not_what_it_says_is_refused(case: str) -> None:
    name, content = REFUSED[case]

    with pytest.raises(Invalid):
        inspection.inspect(name, content, 50_000_000)


def _endless() -> bytes:
    """A PDF whose tree of pages is its own child."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    pages = writer._root_object["/Pages"].get_object()
    pages[NameObject("/Kids")] = ArrayObject([writer._root_object.raw_get("/Pages")])  # type: ignore[index]
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _nested(depth: int = 20_000) -> bytes:
    return b"%PDF-1.4\n1 0 obj\n" + b"[" * depth + b"]" * depth + b"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def _many_pages(count: int = 20_000) -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(count))
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    body += b"2 0 obj<</Type/Pages/Count " + str(count).encode() + b"/Kids[" + kids + b"]>>endobj\n"
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    return body


def _huge_box() -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    box = [NumberObject(0), NumberObject(0), FloatObject("1"), FloatObject("99999999")]
    page[NameObject("/MediaBox")] = ArrayObject(box)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _swollen() -> bytes:
    """A PDF whose page holds 140 MB of drawing, packed into 140 kB."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    from pypdf.generic import StreamObject

    stream = StreamObject()
    stream._data = zlib.compress(b"0 0 m 9 9 l S\n" * 10_000_000, 6)
    stream.update(DictionaryObject({NameObject("/Filter"): NameObject("/FlateDecode")}))
    page[NameObject("/Contents")] = writer._add_object(stream)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


@pytest.mark.parametrize("make", [_endless, _nested, _many_pages, _huge_box, _swollen])
def test_a_bomb_ends_in_time_and_leaves_the_process_alone(make: object) -> None:
    content = make()  # type: ignore[operator]
    began = time.monotonic()

    for attempt in (
        lambda: inspection.inspect("x.pdf", content, 50_000_000),
        lambda: inspection.render_page(content, 1),
        lambda: inspection.read_text(content),
    ):
        try:
            attempt()
        except Invalid:
            continue

    assert time.monotonic() - began < 3 * (inspection.WALL_SECONDS + 5)
    assert inspection.inspect("x.pdf", sample_pdf(), 50_000_000).pages == 1


def test_a_file_in_a_field_of_another_name_is_no_file(desk: Desk) -> None:
    answer = desk.post("/pratique/envois/nouveau", fichier=(io.BytesIO(sample_pdf()), "x.pdf"))

    assert answer.status_code == 422
    assert rows(desk.app, Document) == []


def test_a_document_that_cannot_be_shown_is_not_read_yet(app: Flask) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    sent = stories.send(app, structure, member, identity, copy=True)
    with app.app_context(), db.reading() as session:
        key = session.get_one(Document, sent.document.id).store_key
    parts_of(app).store.delete(key)

    answer = patient_browser(app, account).get(f"/portail/documents/{sent.deliveries[0].id}")

    assert answer.status_code == 503
    assert ordered_rows(app, Delivery)[0].read_at is None


def test_a_polyglot_picture_is_drawn_again_before_anybody_sees_it(app: Flask) -> None:
    output = io.BytesIO()
    Image.new("RGB", (8, 8)).save(output, "PNG")
    content = output.getvalue() + b"<script>alert(1)</script>"

    assert inspection.inspect("x.png", content, 50_000_000).content_type == "image/png"
    assert b"script" not in inspection.render_page(content, 1)


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine has no part in it
def test_a_body_without_a_length_is_measured_all_the_same(variables: dict[str, str], server: str) -> None:
    limited = variables | {"HUB_UPLOAD_LIMIT": "100000"}
    with live.serve(limited, server) as hub, live.opened(hub.variables) as app, httpx.Client(timeout=30) as http:
        structure = make_structure(app)
        member = make_staff(app, structure)
        with app.app_context(), db.transaction() as session:
            cookie = sessions.start(session, parts_of(app).settings, Space.PRACTICE, member.id, Level.FULL)
        http.cookies.set("hub_practice", cookie)
        token = token_of(http.get(f"{hub.url}/pratique/envois/nouveau").text)

        def send(size: int) -> int:
            head = (
                f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
                '--x\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'
            ).encode()
            parts = [head, sample_pdf(), b"\n" * size, b"\r\n--x--\r\n"]
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            return http.post(f"{hub.url}/pratique/envois/nouveau", content=iter(parts), headers=headers).status_code

        small, large, huge = send(10), send(200_000), send(3_000_000)
        alive = httpx.get(f"{hub.url}/health/live").status_code

        assert small == 302
        assert large == 422
        assert huge == 413
        assert alive == 200
        assert len(rows(app, Document)) == 1
