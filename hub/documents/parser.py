"""The child process that opens documents: run as `python -m hub.documents.parser MODE`, bytes on standard input.

Parsers of hostile files live here only, without database, secrets or network use, under limits of memory and time
(OWASP ASVS 5.0, 5.2 and 5.3): pdfium aborts its whole process on some files, and must not take the hub with it.
Modes: `inspect` prints JSON; `page N WIDTH` prints a PNG; `text` prints UTF-8.
"""

import io
import json
import resource
import sys
import warnings

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 15
MOST_PIXELS = 60_000_000
MOST_TEXT_PAGES = 50


def main() -> int:
    """Read standard input, do what the arguments say, print the result."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    content = sys.stdin.buffer.read()
    is_pdf = content.startswith(b"%PDF-")
    mode = sys.argv[1]
    if mode == "inspect":
        found = _inspect_pdf(content) if is_pdf else _inspect_image(content)
        sys.stdout.write(json.dumps(found))
    elif mode == "page":
        number, width = int(sys.argv[2]), int(sys.argv[3])
        sys.stdout.buffer.write(_pdf_page(content, number, width) if is_pdf else _image_page(content, number, width))
    elif mode == "text":
        sys.stdout.buffer.write((_pdf_text(content) if is_pdf else "").encode())
    return 0


def _inspect_pdf(content: bytes) -> dict[str, object]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            return {"problem": "encrypted"}
        pages = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError, AttributeError, IndexError):
        return {"problem": "unreadable"}
    return {"pages": pages} if pages else {"problem": "unreadable"}


def _inspect_image(content: bytes) -> dict[str, object]:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(content)) as image:
            frames = getattr(image, "n_frames", 1)
            image.load()
            name = image.format
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return {"problem": "unreadable"}
    return {"pages": frames if name == "TIFF" else 1}


def _pdf_page(content: bytes, number: int, width: int) -> bytes:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    page = document[number - 1]
    scale = min(width / max(1.0, page.get_width()), 4.0)
    output = io.BytesIO()
    page.render(scale=scale).to_pil().convert("RGB").save(output, "PNG", optimize=False)
    return output.getvalue()


def _image_page(content: bytes, number: int, width: int) -> bytes:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    output = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.seek(number - 1)
        upright = ImageOps.exif_transpose(image).convert("RGB")
        if upright.width > width:
            upright = upright.resize((width, max(1, round(upright.height * width / upright.width))))
        upright.save(output, "PNG")
    return output.getvalue()


def _pdf_text(content: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    texts = [document[index].get_textpage().get_text_range() for index in range(min(len(document), MOST_TEXT_PAGES))]
    return "\n\n".join(text.replace("\r\n", "\n") for text in texts)


if __name__ == "__main__":
    sys.exit(main())
