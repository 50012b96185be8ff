"""What one process of the hub holds, made once from its settings and passed to whoever works."""

from dataclasses import dataclass

from hub.accounts.passwords import PasswordVault
from hub.audit.trail import Trail
from hub.config import Settings
from hub.documents.store import Store, open_store
from hub.documents.types import DocumentTypes, read_types
from hub.encryption import Vault, derive
from hub.errors import SettingsError
from hub.insi.calls import Desk
from hub.insi.soap import open_teleservice
from hub.insi.teleservice import Teleservice
from hub.linkage.in_force import ModelInForce
from hub.registry.intake import Registrar
from hub.registry.operations import FourEyes
from hub.routing.channels.sms import open_gateway
from hub.routing.delivery import Exit
from identity.model import ModelError, parse_model


@dataclass(frozen=True, slots=True)
class Runtime:
    """Settings and the parts made from them."""

    settings: Settings
    trail: Trail
    vault: Vault
    passwords: PasswordVault
    store: Store
    types: DocumentTypes
    model: ModelInForce
    way_out: Exit
    teleservice: Teleservice | None

    @property
    def registrar(self) -> Registrar:
        """What the index decides and tells with now: ask again in each transaction, the model may have changed."""
        return Registrar(self.model.read(), self.trail, FourEyes(self.settings.four_eyes))

    @property
    def desk(self) -> Desk:
        """What asks INSi."""
        return Desk(self.teleservice, lambda: self.registrar)


def build(settings: Settings) -> Runtime:
    """Make the parts; raise `SettingsError` when the linkage model or a certificate cannot be used."""
    trail = Trail(derive(settings, "audit"))
    vault = Vault(settings.encryption_keys)
    store = open_store(settings)
    types = read_types(settings.data_dir)
    model = _read_model(settings)
    way_out = Exit(settings, vault, store, trail, types, open_gateway(settings))
    passwords = PasswordVault(settings.password_memory)
    teleservice = open_teleservice(settings)
    return Runtime(settings, trail, vault, passwords, store, types, model, way_out, teleservice)


def _read_model(settings: Settings) -> ModelInForce:
    path = settings.data_dir / settings.linkage_model
    try:
        text = path.read_text(encoding="utf-8")
        return ModelInForce(parse_model(text), text)
    except (OSError, UnicodeDecodeError, ModelError) as err:
        raise SettingsError(f"HUB_LINKAGE_MODEL est refusé : {settings.linkage_model} : {err}") from err
