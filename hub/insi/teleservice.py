"""What the hub expects of INSi: a question by traits, a verification, and an answer that is always a value.

Guide d'implémentation INS, return codes 00, 01, 02. No answer is an outcome like another: care goes on without it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from identity.ins import Ins
from identity.ins_answer import ReportedIdentity
from identity.traits import BirthDate, Sex


class AnswerCode(StrEnum):
    """One person, nobody, or several; to a verification: confirmed, or not."""

    FOUND = "00"
    NOBODY = "01"
    SEVERAL = "02"


class Failure(StrEnum):
    """Why there is no answer that can be used. All of them may pass: the question is asked again later."""

    OFF = "off"
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    HTTP_STATUS = "http-status"
    TOO_LONG = "too-long"
    GARBLED = "garbled"
    FAULT = "fault"
    UNKNOWN_CODE = "unknown-code"
    INS_FORM = "ins-form"
    INS_OID = "ins-oid"


FAILURE_LABELS = {
    Failure.OFF: "Le téléservice INSi n'est pas réglé sur ce hub.",
    Failure.UNREACHABLE: "Le téléservice INSi ne répond pas.",
    Failure.SLOW: "Le téléservice INSi met trop de temps à répondre.",
    Failure.HTTP_STATUS: "Le téléservice INSi a refusé la demande.",
    Failure.TOO_LONG: "La réponse d'INSi est anormalement longue : elle a été écartée.",
    Failure.GARBLED: "La réponse d'INSi n'a pas pu être lue : elle a été écartée.",
    Failure.FAULT: "Le téléservice INSi signale une erreur technique.",
    Failure.UNKNOWN_CODE: "Le téléservice INSi a répondu par un code que le hub ne connaît pas.",
    Failure.INS_FORM: "Le matricule reçu d'INSi est mal formé : la réponse a été écartée.",
    Failure.INS_OID: "L'autorité (OID) du matricule reçu n'est pas admise ici : la réponse a été écartée.",
}


@dataclass(frozen=True, slots=True)
class Query:
    """The traits of a question: one given name, or several to tell two people apart, then the place of birth."""

    birth_name: str
    given_names: tuple[str, ...]
    sex: Sex
    birth_date: BirthDate
    birth_place: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A return code, with the person when there is exactly one; or a technical failure, and then no code."""

    code: AnswerCode | None
    reported: ReportedIdentity | None = None
    failure: Failure | None = None


class Teleservice(Protocol):
    """What answers about identities."""

    def retrieve(self, query: Query) -> Answer:
        """Look for the person who has these traits (WS_INS2)."""

    def verify(self, ins: Ins, query: Query) -> Answer:
        """Say whether this INS is that of the person who has these traits (WS_INS3)."""
