"""What is told of the pairs that were not examined, too many records being alike under one key."""

from collections.abc import Mapping

from hub.counting import written

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


def told(unexamined: Mapping[str, int], records: int, examined: int) -> list[str]:
    """Say how many pairs each kind of key may have left out: none when none was.

    A pair counts once for each refinement of its key, examined elsewhere or not: never more than remain is told.
    """
    remaining = records * (records - 1) // 2 - examined
    kinds = [(NAMES[kind], min(count, remaining)) for kind, count in unexamined.items()]
    most = " ; ".join(f"{name}, au plus {written(count)}" for name, count in kinds if count)
    return [f"Paires non examinées, trop d'identités se ressemblent sous une même clé : {most}."] if most else []
