"""No-break spaces of French typography in the pages read in French.

Only what is read between tags changes: attributes, fields, code and the text of documents stay as they were, so that
a form sends back what it showed. Each piece of a page is looked at once, whatever the page holds.
"""

import re

from flask import Flask, Response
from flask_babel import get_locale

from hub.vigilance.wording import unbroken
from hub.web.languages import FRENCH

_KEPT = ("textarea", "script", "style", "pre", "code", "kbd", "samp", "option")


def _element(name: str) -> str:
    """Match an element to its end, or to the end of the page."""
    either = "".join(f"[{letter}{letter.upper()}]" for letter in name)
    return rf"{either}(?=[\s/>]).*?(?:</{either}\s*>|\Z)"


# Whatever begins one of these ends it too, at the latest with the page: no text is looked at twice.
_APART = re.compile(
    "(<(?:"
    + "|".join(map(_element, _KEPT))
    + r"""|!--.*?(?:-->|\Z)|[A-Za-z/!?][^>"']*+(?:(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))[^>"']*+)*+(?:>|\Z)))""",
    re.DOTALL,
)
# No page holds it: it stands for a tag while the texts of a page are looked at together.
_TAG = "\0"


def attach(app: Flask) -> None:
    """Give every page read in French its no-break spaces."""
    app.after_request(keep_together)


def page(text: str) -> str:
    """Return a page in which signs, hours and units stay with what they belong to."""
    pieces = _APART.split(text.replace(_TAG, ""))
    pieces[::2] = unbroken(_TAG.join(pieces[::2])).split(_TAG)
    return "".join(pieces)


def keep_together(response: Response) -> Response:
    """Give an answer its no-break spaces when it is a page in French."""
    is_page = response.mimetype == "text/html" and not response.is_streamed
    locale = get_locale() if is_page else None
    if locale is not None and locale.language == FRENCH:
        response.set_data(page(response.get_data(as_text=True)))
    return response
