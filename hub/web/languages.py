"""The two languages of the pages: French, in which they are written, and English by the visitor's choice.

French counts its own way: 0 and 1 take the singular, from 2 on the plural.
"""

from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from hub.counting import noun

FRENCH, ENGLISH = "fr", "en"
COOKIE = "hub_lang"


class _Source(NullTranslations):
    """The texts as they are written."""

    def ngettext(self, msgid1: str, msgid2: str, n: float) -> str:
        """Choose the form of a number as French does."""
        return noun(n, msgid1, msgid2)

    ungettext = ngettext


class _Texts(Domain):
    def get_translations(self) -> NullTranslations | Translations:
        locale = get_locale()
        if locale is None or locale.language == FRENCH:
            return _SOURCE
        return super().get_translations()


class _Languages(Babel):
    domain_instance = _Texts()


_SOURCE = _Source()


def attach(app: Flask) -> None:
    """Let each page be in the language that its visitor chose, in French else."""
    app.config["BABEL_DEFAULT_LOCALE"] = FRENCH
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    _Languages(app, locale_selector=_chosen)


def _chosen() -> str:
    wanted = request.cookies.get(COOKIE) if has_request_context() else None
    return wanted if wanted in (FRENCH, ENGLISH) else FRENCH
