"""What one process of the hub holds, made once from its settings and passed to whoever works."""

from dataclasses import dataclass

from hub.accounts.passwords import PasswordVault
from hub.audit.trail import Trail
from hub.config import Settings
from hub.documents.store import Store, open_store
from hub.documents.types import DocumentTypes, read_types
from hub.encryption import Vault, derive
from hub.errors import SettingsError
from hub.linkage.in_force import ModelInForce
from hub.registry.intake import Registrar
from hub.routing.channels.sms import open_gateway
from hub.routing.delivery import Exit
from identity.model import Model, ModelError, parse_model


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

    @property
    def registrar(self) -> Registrar:
        """What the index decides and tells with now: ask again in each transaction, the model may have changed."""
        return Registrar(self.model.read(), self.trail)


def build(settings: Settings) -> Runtime:
    """Make the parts; raise `SettingsError` when the linkage model cannot be used."""
    trail = Trail(derive(settings, "audit"))
    vault = Vault(settings.encryption_keys)
    store = open_store(settings)
    types = read_types(settings.data_dir)
    model = ModelInForce(_read_model(settings))
    way_out = Exit(settings, vault, store, trail, types, open_gateway(settings))
    passwords = PasswordVault(settings.password_memory)
    return Runtime(settings, trail, vault, passwords, store, types, model, way_out)


def _read_model(settings: Settings) -> Model:
    path = settings.data_dir / settings.linkage_model
    try:
        return parse_model(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ModelError) as err:
        raise SettingsError(f"HUB_LINKAGE_MODEL est refusé : {settings.linkage_model} : {err}") from err
