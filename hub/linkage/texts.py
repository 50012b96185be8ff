"""Texts of the linkage models, by version: with them any decision can be taken again, whatever decides today.

A model that officers proposed is kept with its proposal (`hub.linkage.models`). One that came with the hub
(HUB_LINKAGE_MODEL) is kept here when a command first runs with it, before a newer hub replaces its file.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.errors import Conflict, Unavailable
from hub.linkage.in_force import ModelInForce
from hub.linkage.models import digest_of
from hub.linkage.tables import LinkageModel, ShippedModel
from identity.model import Model, ModelError, parse_model

_KEPT = (LinkageModel, ShippedModel)


def keep(model: ModelInForce) -> None:
    """Keep the text of the model that came with the hub; kept once already, it is only compared.

    Raises `Conflict` when its version names another text here: decisions taken with the one would be taken again with
    the other.
    """
    version, digest = model.shipped.version, digest_of(model.text)
    with db.reading() as session:
        known = _digests(session, version)
    if not known:
        with db.transaction() as session:
            values = {"version": version, "sha256": digest, "text": model.text, "kept_at": db.now(session)}
            db.insert_once(session, ShippedModel, values, ["version"])
            # Another process may have kept it, or an officer proposed it, meanwhile.
            _refuse_another(version, digest, _digests(session, version))
    else:
        _refuse_another(version, digest, known)


def _refuse_another(version: str, digest: str, known: set[str]) -> None:
    if known != {digest}:
        raise Conflict(
            f"HUB_LINKAGE_MODEL : un modèle nommé {version} a déjà servi ici, et son texte n'est pas celui du "
            "fichier. Remettez le fichier d'origine, ou donnez une autre version au nouveau (hub model train "
            "--version)."
        )


def find(session: Session, version: str) -> Model:
    """Return the model of a version, whether it still decides or not.

    Raises `Conflict` when its text was never kept or this hub does not read it any more, `Unavailable` when the text
    is not the one that was kept.
    """
    queries = (sa.select(table.text, table.sha256).where(table.version == version) for table in _KEPT)
    found = session.execute(sa.union_all(*queries)).first()
    if found is None:
        raise Conflict(f"Le modèle {version} n'est plus à disposition.")
    if digest_of(found.text) != found.sha256:
        raise Unavailable(f"Le texte gardé du modèle {version} a été altéré : il ne prouve plus rien.")
    try:
        return parse_model(found.text)
    except ModelError as err:
        raise Conflict(
            f"Cette version du hub ne lit plus le modèle {version} : rejouez ses décisions avec celle qui les a "
            "prises."
        ) from err


def shipped(session: Session) -> list[str]:
    """Return the versions that came with the hub and were kept, the latest first."""
    return list(session.scalars(sa.select(ShippedModel.version).order_by(ShippedModel.kept_at.desc())))


def _digests(session: Session, version: str) -> set[str]:
    queries = (sa.select(table.sha256).where(table.version == version) for table in _KEPT)
    return set(session.scalars(sa.union_all(*queries)))
