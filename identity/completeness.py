"""Which strict traits an identity lacks, and which of its traits contradict one another.

RNIV 1 (traits needed to create an identity; EXI ID 10 and EXI SI 29/30 coherence of given names; place of birth, COG
of the day of birth); structure of the NIR by INSEE. A missing strict trait is a problem; a contradiction is only a
warning, since civil status may have been rectified, and a source may hold a code that our tables lack.
"""

from dataclasses import dataclass

from identity.cog import CogFlaw, find_flaw
from identity.normalise import match_key
from identity.places import PlaceAgreement, compare_places
from identity.status import IdentityStatus
from identity.traits import BirthDate, Sex, Traits

_UNKNOWN_PLACE = "99999"
_SEX_DIGITS = {Sex.MALE: "137", Sex.FEMALE: "248"}
_FLAWS = {
    CogFlaw.NOT_FOUND: (
        "Le code du lieu de naissance n'est celui d'aucune commune ni d'aucun pays : c'est peut-être un code postal "
        "ou une faute de frappe. Retrouvez le lieu d'après la pièce d'identité ; s'il est inconnu, mettez 99999."
    ),
    CogFlaw.NOT_YET: (
        "Le code du lieu de naissance n'existait pas encore le jour de la naissance : prenez celui d'alors (en "
        "Corse, 20 jusqu'en 1975 ; en Île-de-France, 75 ou 78 jusqu'en 1967 ; à Mayotte, 985 jusqu'en 2010), ou "
        "corrigez la date."
    ),
    CogFlaw.ENDED: (
        "Le code du lieu de naissance n'existait plus le jour de la naissance : c'est peut-être un code postal (à "
        "Paris, mettez 751 et le numéro de l'arrondissement ; en Corse, 2A ou 2B). Prenez le code d'alors d'après la "
        "pièce d'identité, ou corrigez la date."
    ),
}
_ENDED_ABROAD = (
    "Le pays de naissance n'existait plus le jour de la naissance : prenez celui de la pièce d'identité, ou corrigez "
    "la date."
)
# Communes whose registry code differs from the arrondissements written in matricules.
_WHOLE_CITIES = {"75056": "751", "69123": "6938", "13055": "132"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend: the trait, the rule and a French message. The value is never quoted."""

    field: str
    code: str
    message: str


def missing_strict_traits(traits: Traits) -> tuple[Problem, ...]:
    """List the strict traits that are not filled. An indeterminate sex and the place 99999 count as filled."""
    problems: list[Problem] = []
    if not traits.birth_name:
        problems.append(_missing("birth_name", "Le nom de naissance manque : relevez-le sur la pièce d'identité."))
    if not traits.given_names:
        problems.append(
            _missing("given_names", "Le premier prénom de naissance manque : relevez-le sur la pièce d'identité.")
        )
    if traits.birth_date is None:
        problems.append(_missing("birth_date", "La date de naissance manque : saisissez jour, mois et année."))
    elif not traits.birth_date.is_complete:
        problems.append(
            _missing(
                "birth_date",
                "La date de naissance est incomplète : jour inconnu, mettez le 1er du mois ; mois inconnu, "
                "le mois de janvier ; jour et mois inconnus, le 31 décembre, et signalez la date comme fictive.",
            )
        )
    if not traits.birth_place:
        problems.append(
            _missing(
                "birth_place",
                "Le lieu de naissance manque : saisissez le code INSEE de la commune, 99 et le code du pays pour "
                "l'étranger, ou 99999 s'il est inconnu.",
            )
        )
    return tuple(problems)


def _missing(field: str, message: str) -> Problem:
    return Problem(field, "trait-missing", message)


def given_names_agree(first: str, listed: tuple[str, ...]) -> bool:
    """Tell whether a first given name opens the list, hyphen, apostrophe and space being alike."""
    head, names = match_key(first), match_key(" ".join(listed))
    return bool(head) and (head == names or names.startswith(head + " "))


def warnings(traits: Traits, status: IdentityStatus) -> tuple[Problem, ...]:
    """List the contradictions between traits that a person should look at."""
    found: list[Problem] = []
    if traits.ins and not _agrees_with_nir(traits, traits.ins.matricule):
        found.append(
            Problem(
                "ins",
                "nir-traits",
                "Le matricule INS ne concorde pas avec le sexe, la date ou le lieu de naissance : vérifiez qu'il est "
                "bien celui de ce patient et non d'un parent.",
            )
        )
    is_checked = status in (IdentityStatus.VALIDATED, IdentityStatus.QUALIFIED)
    if traits.birth_place == _UNKNOWN_PLACE and is_checked:
        found.append(
            Problem(
                "birth_place",
                "cog-unknown",
                "Le lieu de naissance est inconnu (99999) alors que l'identité est validée : complétez-le d'après la "
                "pièce d'identité.",
            )
        )
    flaw = _place_flaw(traits)
    if flaw is not None:
        found.append(flaw)
    return tuple(found)


def _place_flaw(traits: Traits) -> Problem | None:
    """Tell that the code of the place was not in force on the day of birth."""
    place = traits.birth_place
    if place is None or (traits.ins and traits.ins.matricule[5:10] == place):
        # INSEE itself gave the code that a matricule bears.
        return None
    flaw = find_flaw(place, traits.birth_date)
    if flaw is None:
        return None
    is_state = flaw is CogFlaw.ENDED and place.startswith("99")
    return Problem("birth_place", flaw.value, _ENDED_ABROAD if is_state else _FLAWS[flaw])


def _agrees_with_nir(traits: Traits, matricule: str) -> bool:
    sexes = _SEX_DIGITS.get(traits.sex)
    if sexes is not None and matricule[0] not in sexes:
        return False
    if traits.birth_date is not None and not _date_agrees(traits.birth_date, matricule):
        return False
    return traits.birth_place is None or _place_agrees(traits.birth_place, matricule[5:10], traits.birth_date)


def _date_agrees(when: BirthDate, matricule: str) -> bool:
    if int(matricule[1:3]) != when.year % 100:
        return False
    month = int(matricule[3:5])
    # Months above 12 stand for an incomplete civil status: they contradict nothing.
    return when.month is None or when.presumed or not 1 <= month <= 12 or month == when.month


def _place_agrees(place: str, in_matricule: str, when: BirthDate | None) -> bool:
    if _UNKNOWN_PLACE in (place, in_matricule):
        return True
    if place[:2] in ("2A", "2B") and in_matricule[:2] == "20":
        # Corsica was department 20 until 1976.
        return True
    whole = _WHOLE_CITIES.get(place)
    if whole is not None and in_matricule.startswith(whole):
        return True
    # A matricule keeps the code of the day it was given: 75012 for Boulogne, now 92012.
    agreement = compare_places(place, in_matricule, when.year if when else None)
    return agreement not in (PlaceAgreement.SAME_CITY, PlaceAgreement.SAME_DEPARTMENT, PlaceAgreement.DIFFERENT)
