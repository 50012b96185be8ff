"""What quality is measured by: each indicator as data, in words and as one condition on the rows that it counts.

RNIV 2: the cell follows doubles, collisions, statuses and delays. The number, the list behind it and what goes into a
letter all come from the same condition, so that they cannot differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute, aliased

from hub.registry.corrections import CorrectionState
from hub.registry.tables import CorrectionRequest, LinkageDecision, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind, TaskState
from identity.decision import Outcome
from identity.status import Attribute, IdentityStatus

WINDOW = timedelta(days=30)
"""How far back decisions and automatic links are looked at."""
Condition = Callable[[datetime], sa.ColumnElement[bool]]
"""What holds of a row at a moment."""


def N_(text: str) -> str:  # noqa: N802 - the name by which Babel finds texts that are translated elsewhere
    """Mark a text that pages show in the reader's language."""
    return text


class Subject(StrEnum):
    """What the rows behind a number are."""

    IDENTITY = "identity"
    PERSON = "person"
    TASK = "task"
    VERDICT = "verdict"
    MATCHING = "matching"
    CORRECTION = "correction"


class Unit(StrEnum):
    """How a number reads: rows, a share of rows, or a delay between two instants of each row."""

    COUNT = "count"
    SHARE = "share"
    MEDIAN = "median"
    NINTH_DECILE = "ninth-decile"

    @property
    def is_delay(self) -> bool:
        """Tell whether the number is a time."""
        return self in (Unit.MEDIAN, Unit.NINTH_DECILE)


class Better(StrEnum):
    """Which way is good."""

    LESS = "less"
    MORE = "more"
    NEITHER = "neither"


class Chapter(StrEnum):
    """Under which heading an indicator stands."""

    VOLUME = N_("Volumes")
    DOUBLES = N_("Doublons et collisions")
    STATUS = N_("Statuts")
    TRAITS = N_("Traits manquants")
    QUEUE = N_("File d'attente")
    DELAYS = N_("Délais")
    MATCHING = N_("Rapprochement")
    CORRECTIONS = N_("Corrections")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator. `counted` chooses its rows among those of its subject; None takes them all.

    `of` says which rows when several indicators have one name.
    `advice` is what a structure does about it first; `is_kept` whether each day keeps its number.
    """

    code: str
    chapter: Chapter
    name: str
    meaning: str
    computed: str
    of: tuple[str, ...] = ()
    better: Better = Better.LESS
    unit: Unit = Unit.SHARE
    subject: Subject = Subject.IDENTITY
    counted: Condition | None = None
    advice: str | None = None
    is_kept: bool = True

    @property
    def label(self) -> str:
        """Return what it is called: « Tâches : décès à vérifier, 3 à 7 jours »."""
        return f"{self.name} : {', '.join(self.of)}" if self.of else self.name


@dataclass(frozen=True, slots=True)
class Age:
    """A class of ages in whole days, both ends included; the last one has no end."""

    code: str
    label: str
    first: int
    last: int | None


AGES = (
    Age("0-2", N_("0 à 2 jours"), 0, 2),
    Age("3-7", N_("3 à 7 jours"), 3, 7),
    Age("8-30", N_("8 à 30 jours"), 8, 30),
    Age("31", N_("plus de 30 jours"), 31, None),
)
KINDS = {
    TaskKind.COLLISION: N_("collisions possibles"),
    TaskKind.CHANGED: N_("identités modifiées"),
    TaskKind.INS: N_("INS à vérifier"),
    TaskKind.DEATH: N_("décès à vérifier"),
    TaskKind.MARGIN: N_("plusieurs candidats"),
    TaskKind.DUPLICATE: N_("doublons possibles"),
    TaskKind.LIMITED: N_("comparaisons incomplètes"),
    TaskKind.DOCUMENT: N_("documents à identifier"),
}
_STATUSES = {
    IdentityStatus.PROVISIONAL: (
        N_("Identités provisoires"),
        N_("Ni pièce d'identité ni INS vérifiées."),
        Better.LESS,
    ),
    IdentityStatus.RETRIEVED: (
        N_("Identités récupérées"),
        N_("INS obtenue, pièce d'identité à vérifier."),
        Better.NEITHER,
    ),
    IdentityStatus.VALIDATED: (
        N_("Identités validées"),
        N_("Pièce d'identité vérifiée, INS à obtenir."),
        Better.NEITHER,
    ),
    IdentityStatus.QUALIFIED: (N_("Identités qualifiées"), N_("Pièce d'identité et INS vérifiées."), Better.MORE),
}
_OF_ACTIVE = " " + N_("Divisé par les identités actives.")


def base(subject: Subject, moment: datetime) -> sa.ColumnElement[bool]:
    """Choose all the rows of a subject: what a share is a share of."""
    if subject in (Subject.IDENTITY, Subject.PERSON):
        return SourceIdentity.active.is_(True)
    if subject is Subject.TASK:
        return ReviewTask.state == TaskState.OPEN.value
    if subject is Subject.VERDICT:
        return sa.and_(ReviewTask.state != TaskState.OPEN.value, ReviewTask.decided_at > moment - WINDOW)
    if subject is Subject.CORRECTION:
        return CorrectionRequest.state != CorrectionState.CLOSED.value
    # A link without a score was chosen by a professional, not by the matching.
    return sa.and_(
        LinkageDecision.decided_at > moment - WINDOW,
        LinkageDecision.outcome.in_([outcome.value for outcome in Outcome]),
        sa.or_(LinkageDecision.outcome != Outcome.LINK.value, LinkageDecision.score.is_not(None)),
    )


def rows(indicator: Indicator, moment: datetime) -> sa.ColumnElement[bool]:
    """Choose the rows that an indicator counts."""
    every = base(indicator.subject, moment)
    return sa.and_(every, indicator.counted(moment)) if indicator.counted else every


def _is(condition: sa.ColumnElement[bool]) -> Condition:
    return lambda moment: condition


def _is_second_of_its_structure() -> sa.ColumnElement[bool]:
    older = aliased(SourceIdentity)
    return sa.exists().where(
        older.person_id == SourceIdentity.person_id,
        older.organization_id == SourceIdentity.organization_id,
        older.active.is_(True),
        older.id < SourceIdentity.id,
    )


def _is_doubted() -> sa.ColumnElement[bool]:
    doubts = (
        ReviewTask.state == TaskState.OPEN.value,
        ReviewTask.kind.in_((TaskKind.COLLISION.value, TaskKind.CHANGED.value)),
    )
    return SourceIdentity.id.in_(
        sa.union_all(
            sa.select(ReviewTask.source_identity_id).where(*doubts),
            sa.select(ReviewTask.candidate_identity_id).where(*doubts),
        )
    )


def _has(attribute: Attribute) -> Condition:
    return _is(SourceIdentity.attributes.like(f"%{attribute.value}%"))


def _lacks(*columns: QueryableAttribute[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(sa.func.coalesce(column, "") == "" for column in columns))


def _of_age(age: Age) -> Condition:
    def condition(moment: datetime) -> sa.ColumnElement[bool]:
        young = ReviewTask.created_at <= moment - timedelta(days=age.first) if age.first else sa.true()
        if age.last is None:
            return young
        return sa.and_(young, ReviewTask.created_at > moment - timedelta(days=age.last + 1))

    return condition


def _of_kind(kind: TaskKind) -> sa.ColumnElement[bool]:
    return ReviewTask.kind == kind.value


def _both(kind: TaskKind, age: Age) -> Condition:
    of_age = _of_age(age)
    return lambda moment: sa.and_(_of_kind(kind), of_age(moment))


def _missing(
    code: str, label: str, meaning: str, condition: sa.ColumnElement[bool], advice: str | None = None
) -> Indicator:
    return Indicator(
        code=code, chapter=Chapter.TRAITS, name=label, meaning=meaning,
        computed=N_("Identités actives concernées.") + _OF_ACTIVE, counted=_is(condition), advice=advice,
    )  # fmt: skip


def _queue(
    code: str, name: str, meaning: str, condition: Condition, *, of: tuple[str, ...] = (), is_kept: bool = True
) -> Indicator:
    return Indicator(
        code=code, chapter=Chapter.QUEUE, name=name, of=of, meaning=meaning,
        computed=N_("Tâches ouvertes, différées comprises."), unit=Unit.COUNT, subject=Subject.TASK,
        counted=condition, is_kept=is_kept,
    )  # fmt: skip


_VOLUMES = (
    Indicator(
        code="identites", chapter=Chapter.VOLUME, name=N_("Identités actives"), better=Better.NEITHER,
        unit=Unit.COUNT,
        meaning=N_("Dossiers patients que les structures ont envoyés et qui servent encore."),
        computed=N_("Identités actives de l'index."),
    ),
    Indicator(
        code="personnes", chapter=Chapter.VOLUME, name=N_("Personnes"), better=Better.NEITHER, unit=Unit.COUNT,
        subject=Subject.PERSON, meaning=N_("Personnes différentes que ces identités désignent."),
        computed=N_("Personnes ayant au moins une identité active."),
    ),
)  # fmt: skip
_DOUBLES = (
    Indicator(
        code="doublons", chapter=Chapter.DOUBLES, name=N_("Doublons dans une structure"),
        meaning=N_("La structure a déjà un autre dossier actif pour la même personne."),
        computed=N_(
            "Identités actives dont la personne a une identité active plus ancienne dans la même structure."
        ) + _OF_ACTIVE,
        counted=_is(_is_second_of_its_structure()),
        advice=N_("Réunissez dans votre logiciel les dossiers en double, puis désactivez celui qui ne sert plus."),
    ),
    Indicator(
        code="doublons-proposes", chapter=Chapter.DOUBLES, name=N_("Doublons proposés en attente"), unit=Unit.COUNT,
        subject=Subject.TASK, meaning=N_("Paires d'identités qu'un officier doit encore comparer."),
        computed=N_("Tâches ouvertes de doublon possible, à un ou deux candidats."),
        counted=_is(ReviewTask.kind.in_((TaskKind.DUPLICATE.value, TaskKind.MARGIN.value))),
    ),
    Indicator(
        code="collisions", chapter=Chapter.DOUBLES, name=N_("Collisions en cours d'examen"),
        meaning=N_("Identités qui désignent peut-être deux personnes : le risque le plus grave."),
        computed=N_("Identités actives nommées par une tâche ouverte de collision ou de changement.") + _OF_ACTIVE,
        counted=_is(_is_doubted()),
        advice=N_(
            "Répondez d'abord à la cellule d'identitovigilance sur les collisions : un document peut partir vers la "
            "mauvaise personne."
        ),
    ),
    Indicator(
        code="retenues", chapter=Chapter.DOUBLES, name=N_("Identités retenues"),
        meaning=N_("Aucun document de ces identités ne part tant qu'un officier n'a pas tranché."),
        computed=N_("Identités actives retenues.") + _OF_ACTIVE, counted=_is(SourceIdentity.held.is_(True)),
        advice=N_("Vérifiez auprès des patients les identités retenues, et renvoyez-les corrigées."),
    ),
)  # fmt: skip
_BY_STATUS = tuple(
    Indicator(
        code=f"statut-{status.value.lower()}", chapter=Chapter.STATUS, name=label, meaning=meaning, better=better,
        computed=N_("Identités actives de ce statut.") + _OF_ACTIVE,
        counted=_is(SourceIdentity.status == status.value),
        advice=N_("Contrôlez la pièce d'identité et appelez INSi à l'accueil pour les identités provisoires.")
        if status is IdentityStatus.PROVISIONAL else None,
    )
    for status, (label, meaning, better) in _STATUSES.items()
)  # fmt: skip
_MARKED = (
    Indicator(
        code="douteuses", chapter=Chapter.STATUS, name=N_("Identités douteuses"),
        meaning=N_("La structure doute de ces identités : leur INS ne circule pas."),
        computed=N_("Identités actives portant l'attribut « douteuse ».") + _OF_ACTIVE,
        counted=_has(Attribute.DOUBTFUL),
        advice=N_("Levez le doute sur les identités douteuses, ou désactivez-les."),
    ),
    Indicator(
        code="fictives", chapter=Chapter.STATUS, name=N_("Identités fictives"), better=Better.NEITHER,
        meaning=N_("Identités d'essai, de formation ou de soins anonymes."),
        computed=N_("Identités actives portant l'attribut « fictive ».") + _OF_ACTIVE,
        counted=_has(Attribute.FICTITIOUS),
    ),
)  # fmt: skip
_TRAITS = (
    _missing(
        "sans-nom", N_("Sans nom de naissance"), N_("Le nom de naissance manque."), _lacks(SourceIdentity.birth_name),
        N_("Demandez le nom de naissance, différent du nom utilisé."),
    ),
    _missing(
        "sans-prenom", N_("Sans prénom de naissance"), N_("Les prénoms manquent."),
        _lacks(SourceIdentity.given_names),
        N_("Demandez les prénoms de naissance, dans l'ordre de l'état civil."),
    ),
    _missing(
        "date-incomplete", N_("Date de naissance incomplète"), N_("La date manque, ou le jour ou le mois."),
        sa.func.length(sa.func.coalesce(SourceIdentity.birth_date, "")) < 10,
        N_("Complétez la date de naissance d'après une pièce d'identité."),
    ),
    _missing(
        "date-presumee", N_("Date de naissance présumée"),
        N_("Le jour ou le mois a été complété selon la règle du RNIV."),
        SourceIdentity.birth_date_presumed.is_(True),
    ),
    _missing(
        "sans-sexe", N_("Sexe inconnu ou indéterminé"), N_("Le sexe n'est ni M ni F."), SourceIdentity.sex == "U",
        N_("Renseignez le sexe d'après une pièce d'identité."),
    ),
    _missing(
        "sans-lieu", N_("Sans lieu de naissance"), N_("Le lieu manque, ou il est codé inconnu (99999)."),
        sa.func.coalesce(SourceIdentity.birth_place, "99999") == "99999",
        N_("Demandez le lieu de naissance : commune, ou pays pour une naissance à l'étranger."),
    ),
    _missing(
        "sans-contact", N_("Sans aucun contact"), N_("Ni téléphone, ni courriel, ni adresse."),
        _lacks(SourceIdentity.phone, SourceIdentity.email, SourceIdentity.address_line),
        N_("Demandez un numéro de téléphone ou une adresse à jour."),
    ),
)  # fmt: skip
_TASKS = N_("Tâches")
_QUEUE = (
    Indicator(
        code="taches", chapter=Chapter.QUEUE, name=N_("Tâches ouvertes"), unit=Unit.COUNT, subject=Subject.TASK,
        meaning=N_("Tout ce qu'un officier doit encore trancher."),
        computed=N_("Tâches ouvertes, différées comprises."),
    ),
    _queue("taches-retard", N_("Tâches en retard"), N_("Leur échéance est passée."),
           lambda moment: ReviewTask.due_at <= moment),
    *(_queue(f"taches-{kind.value}", _TASKS, N_("Par nature de la question."), _is(_of_kind(kind)), of=(label,))
      for kind, label in KINDS.items()),
    *(_queue(f"taches-age-{age.code}", _TASKS, N_("Depuis leur ouverture."), _of_age(age), of=(age.label,))
      for age in AGES),
    *(_queue(f"taches-{kind.value}-{age.code}", _TASKS, N_("Par nature et par âge."), _both(kind, age),
             of=(label, age.label), is_kept=False)
      for kind, label in KINDS.items() for age in AGES),
)  # fmt: skip
_DELAYS = (
    Indicator(
        code="delai-median", chapter=Chapter.DELAYS, name=N_("Délai médian de décision"), unit=Unit.MEDIAN,
        subject=Subject.VERDICT, meaning=N_("La moitié des tâches ont été tranchées plus vite."),
        computed=N_("Médiane du temps entre l'ouverture et la décision, décisions des 30 derniers jours."),
    ),
    Indicator(
        code="delai-90", chapter=Chapter.DELAYS, name=N_("Délai de décision, neuf fois sur dix"),
        unit=Unit.NINTH_DECILE,
        subject=Subject.VERDICT, meaning=N_("Neuf tâches sur dix ont été tranchées plus vite."),
        computed=N_("Neuvième décile du temps entre l'ouverture et la décision, décisions des 30 derniers jours."),
    ),
)  # fmt: skip
_MATCHING = (
    Indicator(
        code="liens-automatiques", chapter=Chapter.MATCHING, name=N_("Liens automatiques"), better=Better.NEITHER,
        subject=Subject.MATCHING, meaning=N_("Arrivées que le rapprochement a reliées seul à une personne connue."),
        computed=N_("Liens du moteur, divisés par toutes ses décisions des 30 derniers jours."),
        counted=_is(LinkageDecision.outcome == Outcome.LINK.value),
    ),
)  # fmt: skip
_CORRECTIONS = (
    Indicator(
        code="corrections", chapter=Chapter.CORRECTIONS, name=N_("Demandes de correction en cours"), unit=Unit.COUNT,
        subject=Subject.CORRECTION,
        meaning=N_("Ce que les officiers ont demandé aux structures et qui n'est pas clos."),
        computed=N_("Demandes ouvertes, répondues ou corrigées, non closes."),
        advice=N_("Répondez aux demandes de correction : elles attendent dans votre espace professionnel."),
    ),
)  # fmt: skip
INDICATORS = (
    *_VOLUMES, *_DOUBLES, *_BY_STATUS, *_MARKED, *_TRAITS, *_QUEUE, *_DELAYS, *_MATCHING, *_CORRECTIONS,
)  # fmt: skip
BY_CODE = {indicator.code: indicator for indicator in INDICATORS}
KEPT = tuple(indicator for indicator in INDICATORS if indicator.is_kept)
