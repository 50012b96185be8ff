"""Draw a letter as PDF: A4, fonts embedded, title and language told, every text tagged (after PDF/UA-1).

ReportLab draws and marks each piece of content; pypdf adds the tree that says what each piece is: headings,
paragraphs, list items, cells of a table with their headers. What only decorates is marked as an artifact.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from hub.vigilance import wording

_PLAIN, _BOLD = "Vera", "VeraBd"
_MARGIN, _BOTTOM = 56.0, 64.0
_WIDTH, _HEIGHT = A4
_INNER = _WIDTH - 2 * _MARGIN
_SHARES = (0.46, 0.18, 0.18, 0.18)
_ACCENT = (0.416, 0.208, 0.463)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of the table under one heading."""

    heading: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a letter says."""

    title: str
    addressee: str
    issuer: str
    introduction: str
    advice: tuple[str, ...]
    columns: tuple[str, ...]
    sections: tuple[Section, ...]
    words: tuple[tuple[str, str], ...]
    support: str


@dataclass(slots=True)
class _Element:
    """A node of the structure tree: what it is, the content that it marks (page, number), the nodes below."""

    tag: str
    mark: tuple[int, int] | None = None
    below: list["_Element"] = field(default_factory=list)
    scope: str | None = None


class _Pen:
    """Where drawing goes on: page, height, and the tree as it grows."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.root = _Element("Document")
        self.top = _HEIGHT - _MARGIN
        self.page = 0
        self.next_mark = 0

    def room_for(self, height: float) -> None:
        """Go to a new page unless this one has room."""
        if self.top - height < _BOTTOM:
            self.end_page()
            self.canvas.showPage()
            self.page += 1
            self.next_mark = 0
            self.top = _HEIGHT - _MARGIN

    def end_page(self) -> None:
        """Write the number of the page."""
        with self.decoration():
            self.canvas.setFont(_PLAIN, 8)
            self.canvas.setFillColorRGB(0.3, 0.36, 0.41)
            self.canvas.drawRightString(_WIDTH - _MARGIN, _BOTTOM - 24, f"page {self.page + 1}")

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """Mark what a screen reader leaves out."""
        self.canvas.addLiteral("/Artifact BMC")
        yield
        self.canvas.addLiteral("EMC")

    @contextmanager
    def marked(self, element: _Element) -> Iterator[None]:
        """Mark what is drawn as the content of an element."""
        self.canvas.addLiteral(f"/{element.tag} <</MCID {self.next_mark}>> BDC")
        element.mark = (self.page, self.next_mark)
        self.next_mark += 1
        yield
        self.canvas.addLiteral("EMC")

    def write(self, element: _Element, text: str, style: "_Style", left: float = _MARGIN) -> None:
        """Write a text over as many lines as it takes."""
        lines = _split(text, style, _WIDTH - _MARGIN - left)
        self.room_for(len(lines) * style.leading + style.before)
        self.top -= style.before
        with self.marked(element):
            self.lines(lines, style, left)
        self.top -= len(lines) * style.leading

    def lines(self, lines: Sequence[str], style: "_Style", left: float, right: float | None = None) -> None:
        """Draw lines from the present height down, against `right` when it is given."""
        self.canvas.setFont(style.font, style.size)
        self.canvas.setFillColorRGB(*style.colour)
        for number, line in enumerate(lines):
            height = self.top - style.size - number * style.leading
            if right is None:
                self.canvas.drawString(left, height, line)
            else:
                self.canvas.drawRightString(right, height, line)

    def add(self, tag: str, parent: _Element | None = None, scope: str | None = None) -> _Element:
        """Put a new element into the tree."""
        element = _Element(tag, scope=scope)
        (parent or self.root).below.append(element)
        return element


@dataclass(frozen=True, slots=True)
class _Style:
    font: str
    size: float
    leading: float
    before: float = 0.0
    colour: tuple[float, float, float] = (0.106, 0.153, 0.2)


_H1 = _Style(_BOLD, 17, 22, 4, _ACCENT)
_H2 = _Style(_BOLD, 12, 16, 14, _ACCENT)
_TEXT = _Style(_PLAIN, 10, 14, 4)
_STRONG = _Style(_BOLD, 10, 14, 4)
_CELL = _Style(_PLAIN, 9, 12)
_HEAD = _Style(_BOLD, 9, 12)
_WORDS = _Style(_PLAIN, 9, 12, 2)


def _split(text: str, style: _Style, width: float) -> list[str]:
    """Cut a text into lines, at its plain spaces only."""
    lines: list[str] = []
    for word in wording.unbroken(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and pdfmetrics.stringWidth(longer, style.font, style.size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw(sheet: Sheet) -> bytes:
    """Draw a letter; the same letter gives the same bytes."""
    for font in (_PLAIN, _BOLD):
        if font not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(font, f"{font}.ttf"))
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, lang="fr-FR", invariant=True, pageCompression=1, initialFontName=_PLAIN)
    canvas.setTitle(wording.unbroken(f"{sheet.title} : {sheet.addressee}"))
    canvas.setCreator("Hub régional d'identités de santé")
    canvas.setAuthor(sheet.issuer)
    canvas.setSubject("Indicateurs de qualité des identités")
    pen = _Pen(canvas)
    pen.write(pen.add("P"), sheet.issuer, _TEXT)
    pen.write(pen.add("H1"), sheet.title, _H1)
    pen.write(pen.add("P"), sheet.addressee, _STRONG)
    pen.write(pen.add("P"), sheet.introduction, _TEXT)
    pen.write(pen.add("H2"), "À faire d'abord", _H2)
    _draw_list(pen, sheet.advice)
    pen.write(pen.add("H2"), "Vos chiffres", _H2)
    _draw_table(pen, sheet)
    # The heading is not left at the foot of a page with a line or two.
    pen.room_for(_H2.before + _H2.leading + 6 * _WORDS.leading)
    pen.write(pen.add("H2"), "Ce que les mots veulent dire", _H2)
    for label, meaning in sheet.words:
        pen.write(pen.add("P"), f"{label} : {_continued(meaning)}", _WORDS)
    pen.write(pen.add("P"), sheet.support, _Style(_BOLD, 10, 14, 14))
    pen.end_page()
    canvas.save()
    return _with_tree(stream.getvalue(), pen.root)


def _continued(sentence: str) -> str:
    """Write a sentence after a colon: its first letter is small, unless it begins with an acronym."""
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]


def _draw_list(pen: _Pen, items: Sequence[str]) -> None:
    whole = pen.add("L")
    for number, text in enumerate(items, start=1):
        lines = _split(text, _TEXT, _INNER - 18)
        pen.room_for(len(lines) * _TEXT.leading + _TEXT.before)
        item = pen.add("LI", whole)
        pen.top -= _TEXT.before
        with pen.marked(pen.add("Lbl", item)):
            pen.lines([f"{number}."], _STRONG, _MARGIN)
        with pen.marked(pen.add("LBody", item)):
            pen.lines(lines, _TEXT, _MARGIN + 18)
        pen.top -= len(lines) * _TEXT.leading


def _draw_table(pen: _Pen, sheet: Sheet) -> None:
    table = pen.add("Table")
    pen.top -= 4
    _draw_row(pen, pen.add("TR", table), sheet.columns, _HEAD, "Column")
    for section in sheet.sections:
        # A heading is not left alone at the foot of a page.
        pen.room_for(3 * _CELL.leading + 12)
        row = pen.add("TR", table)
        pen.top -= 4
        with pen.marked(pen.add("TH", row, "Row")):
            pen.lines([section.heading], _Style(_BOLD, 9, 12, 0, _ACCENT), _MARGIN)
        for _ in sheet.columns[1:]:
            pen.add("TD", row)
        pen.top -= _CELL.leading + 2
        for cells in section.rows:
            _draw_row(pen, pen.add("TR", table), cells, _CELL, "Row")


def _draw_row(pen: _Pen, row: _Element, cells: Sequence[str], style: _Style, scope: str) -> None:
    widths = [share * _INNER for share in _SHARES]
    wrapped = [_split(text, style, width - 6) for text, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped)) * style.leading + 4
    pen.room_for(height)
    left = _MARGIN
    for index, (lines, width) in enumerate(zip(wrapped, widths, strict=True)):
        is_header = index == 0 or scope == "Column"
        element = pen.add("TH" if is_header else "TD", row, scope if is_header else None)
        with pen.marked(element):
            pen.lines(lines, style, left, left + width if index else None)
        left += width
    pen.top -= height
    with pen.decoration():
        pen.canvas.setStrokeColorRGB(0.8, 0.83, 0.86)
        pen.canvas.setLineWidth(0.5)
        pen.canvas.line(_MARGIN, pen.top + 1, _WIDTH - _MARGIN, pen.top + 1)


def _with_tree(content: bytes, root: _Element) -> bytes:
    """Add the structure tree to a drawn document (ISO 32000-1, 14.7)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    catalog = writer.root_object
    tree = DictionaryObject({NameObject("/Type"): NameObject("/StructTreeRoot")})
    reference = writer._add_object(tree)  # pypdf has no public door for an object of one's own
    marks: dict[tuple[int, int], IndirectObject] = {}
    tree[NameObject("/K")] = ArrayObject([_node(writer, root, reference, marks)])
    by_page = ArrayObject()
    for number, page in enumerate(writer.pages):
        page[NameObject("/StructParents")] = NumberObject(number)
        page[NameObject("/Tabs")] = NameObject("/S")
        owners = [owner for (where, _), owner in sorted(marks.items(), key=lambda item: item[0]) if where == number]
        by_page.extend([NumberObject(number), ArrayObject(owners)])
    tree[NameObject("/ParentTree")] = DictionaryObject({NameObject("/Nums"): by_page})
    catalog[NameObject("/StructTreeRoot")] = reference
    catalog[NameObject("/MarkInfo")] = DictionaryObject({NameObject("/Marked"): BooleanObject(True)})
    catalog[NameObject("/Lang")] = TextStringObject("fr-FR")
    catalog[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _node(
    writer: PdfWriter,
    element: _Element,
    parent: IndirectObject,
    marks: dict[tuple[int, int], IndirectObject],
) -> IndirectObject:
    node = DictionaryObject({NameObject("/S"): NameObject(f"/{element.tag}"), NameObject("/P"): parent})
    reference = writer._add_object(node)
    if element.scope:
        node[NameObject("/A")] = DictionaryObject(
            {NameObject("/O"): NameObject("/Table"), NameObject("/Scope"): NameObject(f"/{element.scope}")}
        )
    if element.mark is not None:
        page, mark = element.mark
        marks[element.mark] = reference
        node[NameObject("/Pg")] = writer.pages[page].indirect_reference or NumberObject(page)
        node[NameObject("/K")] = NumberObject(mark)
    else:
        node[NameObject("/K")] = ArrayObject(_node(writer, below, reference, marks) for below in element.below)
    return reference
