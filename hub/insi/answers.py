"""An answer as it is kept until somebody has accepted or refused it: a value to columns and back."""

from typing import Any

from identity.ins import Ins, InsOid
from identity.ins_answer import ReportedIdentity
from identity.traits import BirthDate, Sex, Traits


def to_columns(reported: ReportedIdentity) -> dict[str, Any]:
    """Return what is stored of a person that INSi tells of."""
    traits = reported.traits
    return {
        "ins": _pair(reported.ins),
        "former": [_pair(ins) for ins in reported.former],
        "birth_name": traits.birth_name,
        "given_names": list(traits.given_names),
        "birth_date": traits.birth_date.iso() if traits.birth_date else None,
        "birth_date_presumed": traits.birth_date.presumed if traits.birth_date else False,
        "sex": traits.sex.value,
        "birth_place": traits.birth_place,
    }


def from_columns(stored: dict[str, Any]) -> ReportedIdentity:
    """Rebuild the person that INSi told of."""
    born = stored["birth_date"]
    traits = Traits(
        birth_name=stored["birth_name"],
        given_names=tuple(stored["given_names"]),
        birth_date=BirthDate.parse(born, presumed=stored["birth_date_presumed"]) if born else None,
        sex=Sex(stored["sex"]),
        birth_place=stored["birth_place"],
    )
    return ReportedIdentity(_ins(stored["ins"]), traits, tuple(_ins(pair) for pair in stored["former"]))


def _pair(ins: Ins) -> list[str]:
    return [ins.matricule, ins.oid.value]


def _ins(pair: list[str]) -> Ins:
    return Ins(pair[0], InsOid(pair[1]))
