"""Take and keep a decision of the matching, with all that explains it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor
from hub.registry import links, rules, tasks
from hub.registry.candidates import Candidates
from hub.registry.tables import LinkageDecision, SourceIdentity
from identity import linkage
from identity.decision import Outcome, Reason
from identity.linkage import Decision, IdentityRecord
from identity.model import Model
from identity.widespread import LEFT_OUT, without

_KEPT_CANDIDATES = 5
HELD = Reason("held", "Une identité de la personne la plus proche est retenue : un agent doit d'abord la vérifier.")
PROPOSED = Reason("automatic-proposal", "Le moteur propose de réunir ces deux personnes : un agent le confirme.")


def decide(record: IdentityRecord, found: Candidates, model: Model, separated: frozenset[str]) -> Decision:
    """Decide; nobody joins by themselves a person of which an identity is held, as it may be somebody else's.

    What too many identities bear is left out, and said.
    """
    seen = replace(record, traits=without(record.traits, found.widespread)) if found.widespread else record
    decision = linkage.decide(seen, found.persons, model, separated)
    if decision.outcome is Outcome.LINK and any(item.held for item in found.groups[int(decision.person_id or 0)]):
        decision = decision.for_officer(HELD)
    more = [LEFT_OUT[trait] for trait in sorted(found.widespread)] + [tasks.LIMITED] * found.limited
    return replace(decision, reasons=(*decision.reasons, *more)) if more else decision


def keep(
    session: Session,
    row: SourceIdentity,
    former_person: int | None,
    decision: Decision,
    actor: Actor,
    found: Candidates,
) -> Decision:
    """Keep a decision about a row, and the move of its link when it moved."""
    kept = LinkageDecision(**columns((row.id, row.version), row.person_id, decision, actor, db.now(session), found))
    session.add(kept)
    session.flush()  # the link event names its decision
    if former_person != row.person_id:
        links.keep_move(session, row.id, former_person, row.person_id, kept)
    return decision


def columns(
    identity: tuple[int, int],
    person_id: int,
    decision: Decision,
    actor: Actor,
    moment: datetime,
    found: Candidates,
    *,
    chosen: bool = False,
) -> dict[str, Any]:
    """Return the column values that hold a decision about an identity, given by its id and version."""
    identity_id, version = identity
    told = explain(decision) | {"limited": found.limited, "chosen": chosen}
    return {
        "source_identity_id": identity_id,
        "outcome": decision.outcome.value,
        "person_id": person_id,
        "score": decision.considered[0].score.total if decision.considered else None,
        "explanation": told | {"inputs": _inputs(version, decision, found)},
        "limited": found.limited,
        "model_version": decision.model_version,
        "decided_by": f"{actor.kind.value}:{actor.id}",
        "decided_at": moment,
    }


def _inputs(version: int, decision: Decision, found: Candidates) -> dict[str, Any]:
    """Return what the decision was taken on, by id and version, without which traits and by which rules.

    `history.replay` reads these again.
    """
    persons = [item.person_id for item in decision.considered[:_KEPT_CANDIDATES]]
    records = {
        person_id: [[item.id, item.version] for item in found.groups.get(int(person_id), ()) if item.active]
        for person_id in persons
    }
    left_out = sorted(found.widespread)
    return {"version": version, "persons": records, "left_out": left_out, "rules": rules.fingerprint()}


def explain(decision: Decision) -> dict[str, Any]:
    """Return the decision's explanation as it is stored: the best candidates with each term of their score."""
    return {
        "reasons": [{"code": reason.code, "text": reason.text} for reason in decision.reasons],
        "said": decision.said.value if decision.said else None,
        "considered": [
            {
                "person_id": item.person_id,
                "identity_id": item.record_id,
                "score": item.score.total,
                "probability": item.score.probability,
                "veto": item.veto.code if item.veto else None,
                "contributions": [
                    {"trait": term.trait, "level": term.level, "bits": term.bits} for term in item.score.contributions
                ],
            }
            for item in decision.considered[:_KEPT_CANDIDATES]
        ],
    }
