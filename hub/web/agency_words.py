"""Words of the officers' pages for what the code names by codes."""

from flask_babel import lazy_gettext

from hub.accounts.portal_accounts import AccountState
from hub.registry.corrections import CorrectionTrait
from hub.registry.deaths import DateSource
from hub.registry.distinct import Relation
from hub.registry.operations import Kind, State
from hub.registry.tasks import TaskKind
from hub.registry.worklist import Moment
from hub.routing.values import DeliveryState, RecipientKind
from hub.vigilance.ties import TieKind
from identity.deaths import DeathState, Teller

KINDS = {
    TaskKind.COLLISION: lazy_gettext("Collision possible"),
    TaskKind.CHANGED: lazy_gettext("Identité modifiée"),
    TaskKind.INS: lazy_gettext("INS à vérifier"),
    TaskKind.DEATH: lazy_gettext("Décès à vérifier"),
    TaskKind.MARGIN: lazy_gettext("Plusieurs candidats"),
    TaskKind.DUPLICATE: lazy_gettext("Doublon possible"),
    TaskKind.LIMITED: lazy_gettext("Comparaison incomplète"),
    TaskKind.DOCUMENT: lazy_gettext("Document à identifier"),
}
KIND_HELP = {
    TaskKind.COLLISION: lazy_gettext("Une personne réunit deux identités qui sont peut-être deux patients."),
    TaskKind.CHANGED: lazy_gettext(
        "Les traits de cette identité ont tant changé qu'elle désigne peut-être quelqu'un d'autre."
    ),
    TaskKind.INS: lazy_gettext(
        "Le téléservice INSi n'a pas confirmé l'INS de cette identité, qui lui a été retirée."
    ),
    TaskKind.DEATH: lazy_gettext("Un décès est annoncé, et quelque chose le contredit ou le rend incertain."),
    TaskKind.MARGIN: lazy_gettext("Cette identité ressemble presque autant à deux personnes connues."),
    TaskKind.DUPLICATE: lazy_gettext("Ces deux identités sont peut-être une seule personne."),
    TaskKind.LIMITED: lazy_gettext(
        "Cette identité a reçu une personne nouvelle, alors que trop d'autres lui ressemblaient pour être toutes "
        "comparées : la personne existe peut-être déjà."
    ),
    TaskKind.DOCUMENT: lazy_gettext(
        "Une structure ne peut dire de qui est un document : elle a recopié ce qu'elle y lit."
    ),
}
MOMENTS = {
    Moment.TO_DO: lazy_gettext("À traiter"),
    Moment.DEFERRED: lazy_gettext("Différées"),
    Moment.DECIDED: lazy_gettext("Traitées"),
}
RELATIONS = {
    Relation.TWINS: lazy_gettext("jumeaux"),
    Relation.HOMONYMS: lazy_gettext("homonymes"),
    Relation.RELATIVES: lazy_gettext("proches (même famille)"),
    Relation.OTHER: lazy_gettext("autre, ou inconnu"),
}
BADGES = {
    Relation.TWINS: lazy_gettext("Jumeau connu"),
    Relation.HOMONYMS: lazy_gettext("Homonyme connu"),
    Relation.RELATIVES: lazy_gettext("Proche qui lui ressemble"),
    Relation.OTHER: lazy_gettext("Personne qui lui ressemble"),
}
OPERATIONS = {
    Kind.MERGE: lazy_gettext("Réunion de deux personnes"),
    Kind.SPLIT: lazy_gettext("Séparation"),
    Kind.MOVE: lazy_gettext("Déplacement"),
    Kind.UNDO: lazy_gettext("Annulation"),
}
STATES = {
    State.PROPOSED: lazy_gettext("En attente d'un second agent"),
    State.DONE: lazy_gettext("Faite"),
    State.REFUSED: lazy_gettext("Refusée"),
    State.UNDONE: lazy_gettext("Défaite"),
}
STATE_CLASSES = {
    State.PROPOSED: "state-wait",
    State.DONE: "state-good",
    State.REFUSED: "state-bad",
    State.UNDONE: "state-neutral",
}
TIES = {
    TieKind.MATCHING: lazy_gettext("Rapprochement automatique"),
    TieKind.CHOICE: lazy_gettext("Choix d'un professionnel dans la recherche"),
    TieKind.OFFICER: lazy_gettext("Décision d'un officier"),
}
TRAITS = {
    "birth_name": lazy_gettext("Nom de naissance"),
    "used_name": lazy_gettext("Nom utilisé"),
    "given_names": lazy_gettext("Prénoms de naissance"),
    "used_given_name": lazy_gettext("Prénom utilisé"),
    "birth_date": lazy_gettext("Date de naissance"),
    "sex": lazy_gettext("Sexe"),
    "birth_place": lazy_gettext("Lieu de naissance"),
    "ins": lazy_gettext("INS"),
    "ins_matricule": lazy_gettext("INS"),
    "death_date": lazy_gettext("Date de décès"),
    "address": lazy_gettext("Adresse"),
    "address_line": lazy_gettext("Adresse"),
    "postcode": lazy_gettext("Code postal"),
    "city": lazy_gettext("Ville"),
    "phone": lazy_gettext("Téléphone"),
    "email": lazy_gettext("Courriel"),
    "status": lazy_gettext("Statut"),
    "attributes": lazy_gettext("Mentions"),
    "active": lazy_gettext("Activité"),
}
CORRECTIONS = {
    CorrectionTrait.IDENTITY: lazy_gettext("toute l'identité"),
    CorrectionTrait.BIRTH_NAME: lazy_gettext("Nom de naissance"),
    CorrectionTrait.GIVEN_NAMES: lazy_gettext("Prénoms de naissance"),
    CorrectionTrait.BIRTH_DATE: lazy_gettext("Date de naissance"),
    CorrectionTrait.SEX: lazy_gettext("Sexe"),
    CorrectionTrait.BIRTH_PLACE: lazy_gettext("Lieu de naissance"),
    CorrectionTrait.INS: lazy_gettext("INS"),
    CorrectionTrait.STATUS: lazy_gettext("Statut"),
    CorrectionTrait.ADDRESS: lazy_gettext("Adresse"),
    CorrectionTrait.PHONE: lazy_gettext("Téléphone"),
    CorrectionTrait.EMAIL: lazy_gettext("Courriel"),
}
CHANNELS = {
    "fhir": lazy_gettext("logiciel de la structure"),
    "file": lazy_gettext("fichier chargé"),
    "web": lazy_gettext("saisie à l'écran"),
}
ACCOUNTS = {
    AccountState.INVITED: lazy_gettext("invité, pas encore activé"),
    AccountState.ACTIVE: lazy_gettext("actif"),
    AccountState.CLOSED: lazy_gettext("fermé"),
}
RECIPIENTS = {
    RecipientKind.PATIENT: lazy_gettext("patient"),
    RecipientKind.PROFESSIONAL: lazy_gettext("professionnel"),
    RecipientKind.PHARMACY: lazy_gettext("pharmacie"),
}
DELIVERIES = {
    DeliveryState.QUEUED: lazy_gettext("en attente"),
    DeliveryState.SENT: lazy_gettext("envoyée"),
    DeliveryState.FAILED: lazy_gettext("en échec"),
    DeliveryState.DELIVERED: lazy_gettext("reçue"),
    DeliveryState.READ: lazy_gettext("lue"),
}
DEATHS = {
    DeathState.PROPOSED: lazy_gettext("proposé, à vérifier"),
    DeathState.FLAGGED: lazy_gettext("annoncé"),
    DeathState.CONFIRMED: lazy_gettext("confirmé"),
    DeathState.REFUTED: lazy_gettext("écarté"),
}
DATE_SOURCES = {
    DateSource.ACT: lazy_gettext("acte de décès, copie ou extrait"),
    DateSource.CERTIFICATE: lazy_gettext("certificat de décès"),
    DateSource.STRUCTURE: lazy_gettext("dossier de la structure"),
    DateSource.FILE: lazy_gettext("fichier des décès de l'INSEE"),
    DateSource.FAMILY: lazy_gettext("proche du patient"),
    DateSource.OTHER: lazy_gettext("autre, dite dans le motif"),
}
TELLERS = {
    Teller.FEED: lazy_gettext("sa structure"),
    Teller.FILE: lazy_gettext("le fichier des décès"),
}
LOOKS = {
    "person.shown": lazy_gettext("vue dans une recherche"),
    "person.read": lazy_gettext("fiche ouverte par un officier"),
    "person.read_past": lazy_gettext("état passé lu par un officier"),
    "person.merge": lazy_gettext("réunie à une autre personne"),
    "person.split": lazy_gettext("séparée"),
    "person.move": lazy_gettext("identités déplacées"),
    "person.undo": lazy_gettext("opération défaite"),
    "person.propose": lazy_gettext("opération proposée"),
    "person.refuse": lazy_gettext("opération refusée"),
    "operation.read": lazy_gettext("opération lue"),
    "identity.read": lazy_gettext("identité ouverte"),
    "identity.create": lazy_gettext("identité créée"),
    "identity.update": lazy_gettext("identité modifiée"),
    "review.compare": lazy_gettext("tâche ouverte"),
    "review.decide": lazy_gettext("tâche décidée"),
    "review.defer": lazy_gettext("tâche différée"),
    "review.comment": lazy_gettext("tâche commentée"),
    "identification.answer": lazy_gettext("désignée à une structure, pour un document"),
    "correction.ask": lazy_gettext("correction demandée"),
    "correction.answer": lazy_gettext("réponse de la structure"),
    "correction.close": lazy_gettext("correction close"),
    "death.confirm": lazy_gettext("décès confirmé"),
    "death.refute": lazy_gettext("décès écarté"),
    "account.open": lazy_gettext("espace santé ouvert"),
    "account.activate": lazy_gettext("espace santé activé"),
}
ACTORS = {
    "software": lazy_gettext("un logiciel"),
    "staff": lazy_gettext("un membre du personnel"),
    "patient": lazy_gettext("le patient"),
    "system": lazy_gettext("le hub"),
}
OUTCOMES = {
    "link": lazy_gettext("rapprochée par le moteur"),
    "new": lazy_gettext("nouvelle personne"),
    "review": lazy_gettext("nouvelle personne, un officier doit comparer"),
}

SCORED_TRAITS = {
    "surname": lazy_gettext("Noms"),
    "given": lazy_gettext("Prénoms"),
    "birth_date": lazy_gettext("Date de naissance"),
    "sex": lazy_gettext("Sexe"),
    "birth_place": lazy_gettext("Lieu de naissance"),
    "ins": lazy_gettext("INS"),
    "address": lazy_gettext("Adresse"),
    "phone": lazy_gettext("Téléphone"),
    "email": lazy_gettext("Courriel"),
    "death": lazy_gettext("Date de décès"),
    "household": lazy_gettext("Plafond du foyer"),
    "records": lazy_gettext("Autres identités"),
    "other_given": lazy_gettext("Prénoms suivants"),
    "domain": lazy_gettext("Structures"),
    "age": lazy_gettext("Âge"),
    "corroboration": lazy_gettext("Confirmation"),
    "surname_rarity": lazy_gettext("Rareté du nom"),
    "given_rarity": lazy_gettext("Rareté du prénom"),
    "rule": lazy_gettext("Règle de prudence"),
}
"""The traits that a score speaks of."""


def said(table: dict[object, object], code: object) -> str:
    """Return the words of a code, or the code itself when it has none."""
    return str(table.get(code, code))
