"""The model in force, as a process that runs sees it: asked of the database at each use, parsed when it changed."""

import sqlalchemy as sa

from hub import db
from hub.db import database
from hub.linkage import models
from hub.linkage.models import IN_FORCE
from hub.linkage.tables import LinkageModel
from identity.model import Model


class ModelInForce:
    """Answers with the model that decides now; one small query each time, so that all processes change at once."""

    def __init__(self, shipped: Model, text: str) -> None:
        self.shipped = shipped
        self.text = text
        """The text of the one shipped, as its file holds it."""
        self._kept: tuple[int, Model] | None = None

    def read(self) -> Model:
        """Return the model in force: the activated one, else the file of HUB_LINKAGE_MODEL.

        Inside a transaction it is read there. Raises `Unavailable` when the activated one is not what was approved.
        """
        session = database.session()
        if session.in_transaction():
            return self._read(session.connection())
        with database.engine.connect() as connection:
            return self._read(connection)

    def _read(self, connection: sa.Connection) -> Model:
        found = db.rows(connection, IN_FORCE)
        if not found:
            return self.shipped
        ((present,),) = found
        kept = self._kept
        if kept is None or kept[0] != present:
            kept = self._kept = (present, models.read(connection, LinkageModel.id == present))
        return kept[1]
