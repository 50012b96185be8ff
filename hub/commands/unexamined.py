"""What is told of what was left out: pairs, too many records being alike under one key; what too many bear."""

from collections.abc import Mapping

from hub.counting import written, written_with
from identity.widespread import MOST_BEARERS

# The kinds of key of `identity.blocking`; those of files only are never counted.
NAMES = {
    "date-name": "date et nom",
    "date-place": "date et lieu",
    "month-place-given": "sexe, mois, lieu et prénom",
    "day-surname-initial": "jour, nom et initiale",
    "year-surname-initial": "année, nom et initiale",
    "names": "nom et prénom",
    "home-sex": "adresse et sexe",
    "ins": "INS",
    "phone": "téléphone",
    "email": "adresse électronique",
}

_BORNE = {"phone": "téléphone", "email": "adresse électronique", "home-sex": "adresse"}


def told(unexamined: Mapping[str, int], records: int, examined: int) -> list[str]:
    """Say how many pairs each kind of key may have left out: none when none was.

    A pair counts once for each refinement of its key, examined elsewhere or not: never more than remain is told.
    """
    remaining = records * (records - 1) // 2 - examined
    kinds = [(NAMES[kind], min(count, remaining)) for kind, count in unexamined.items()]
    most = " ; ".join(f"{name}, au plus {written(count)}" for name, count in kinds if count)
    return [f"Paires non examinées, trop d'identités se ressemblent sous une même clé : {most}."] if most else []


def told_widespread(widespread: Mapping[str, int]) -> list[str]:
    """Say of how many identities something does not count, as too many bear it: nothing when of none."""
    kinds = [f"{_BORNE[kind]}, {written_with(count, 'identité', 'identités')}" for kind, count in widespread.items()]
    opening = f"Ne compte pas ce que plus de {MOST_BEARERS} identités portent (un accueil, un établissement)"
    return [f"{opening} : {' ; '.join(kinds)}."] if kinds else []
