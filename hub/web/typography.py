"""No-break spaces of French typography in the pages of a blueprint.

Only what is read between tags changes: attributes, fields and code stay as they were, so that a form sends back what
it showed.
"""

import re

from flask import Response

from hub.vigilance.wording import unbroken

_APART = re.compile(r"<(textarea|script|style|pre|code|option)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL)


def page(text: str) -> str:
    """Return a page in which signs and hours stay with what they belong to."""
    out, end = [], 0
    for found in _APART.finditer(text):
        out += [unbroken(text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*out, unbroken(text[end:])])


def keep_together(response: Response) -> Response:
    """Give an answer its no-break spaces when it is a page."""
    if response.mimetype == "text/html" and not response.is_streamed:
        response.set_data(page(response.get_data(as_text=True)))
    return response
