"""Who receives a document, by which channel and why. A pure rule: no database, no clock.

Professionals and pharmacies by MSSanté; the patient through the portal only, never by an attachment (L5, M8–M10).
An identity under verification sends nothing to a portal: a document in the wrong hands cannot be taken back. Nothing
is sent to somebody held as deceased; their professionals still receive.
"""

from collections.abc import Sequence

from hub.directory.values import Correspondent, CorrespondentKind
from hub.routing.values import ChannelName, PatientCopy, Plan, PlannedDelivery, RecipientKind, Refusal

_KINDS = {
    CorrespondentKind.PROFESSIONAL: RecipientKind.PROFESSIONAL,
    CorrespondentKind.PHARMACY: RecipientKind.PHARMACY,
}

HELD = Refusal(
    "identity-held",
    "L'identité de ce patient est en cours de vérification par l'agence régionale : rien ne peut partir. "
    "Votre envoi est gardé ; reprenez-le quand elle aura répondu.",
)


def plan(
    correspondents: Sequence[Correspondent],
    patient: PatientCopy | None,
    *,
    identity_held: bool,
    is_deceased: bool = False,
) -> Plan:
    """Plan the deliveries of a document; `patient` is None when no copy is asked for.

    While the identity is held nobody receives anything: whose document it is, is the very question. A patient held
    as deceased receives nothing, a copy asked for before included; the others do.
    """
    if identity_held:
        return Plan((), (HELD,))
    deliveries = [
        PlannedDelivery(
            ChannelName.MSSANTE, _KINDS[item.kind], item.id, item.name, None, "choisi dans l'annuaire, par MSSanté"
        )
        for item in correspondents
    ]
    refusals = []
    if is_deceased:
        patient = None
    if patient is not None and patient.account_id is None:
        refusals.append(Refusal("no-account", "Ce patient n'a pas encore d'espace santé : ouvrez-le pour la copie."))
    elif patient is not None and patient.account_id is not None:
        why = "copie au patient, dans son espace santé"
        account_id = patient.account_id
        deliveries.append(
            PlannedDelivery(ChannelName.PORTAL, RecipientKind.PATIENT, account_id, patient.name, account_id, why)
        )
    if not deliveries and is_deceased:
        refusals.append(Refusal("nobody", "Choisissez au moins un destinataire."))
    elif not deliveries and not refusals:
        refusals.append(Refusal("nobody", "Choisissez au moins un destinataire, ou cochez la copie au patient."))
    return Plan(tuple(deliveries), tuple(refusals))
