"""How the practice's pages tell a death that the hub holds: when, and who says so."""

from datetime import date

from babel.dates import format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _

from hub.web import formats
from hub.web.practice_space import blueprint
from identity.deaths import DeathDate, DeathState, Teller, ToldDeath


def death_day(when: DeathDate) -> str:
    """Write a date of death as complete as it is known: « le 3 mars 2026 », « en mars 2026 », « en 2026 »."""
    day = when.exact_day
    if day is not None:
        return _("le %(day)s", day=formats.day(day))
    if when.month is None:
        return _("en %(month)s", month=str(when.year))
    month = format_skeleton("yMMMM", date(when.year, when.month, 1), locale=str(get_locale() or "fr"))
    return _("en %(month)s", month=month)


@blueprint.app_template_filter("told_death_day")
def told_death_day(death: ToldDeath) -> str:
    return death_day(death.when) if death.when is not None else _("sans date connue")


@blueprint.app_template_filter("death_source")
def _death_source(death: ToldDeath) -> str:
    """Say who tells a death; never which structure, as that would tell where somebody is cared for."""
    if death.state is DeathState.CONFIRMED:
        return _("confirmé par l'agence régionale")
    if death.teller is Teller.FEED:
        return _("annoncé par une structure de soins")
    return _("fichier des décès de l'INSEE, à confirmer")
