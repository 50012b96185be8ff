"""Settings: one frozen value, read once from the HUB_* variables. The only module that reads the environment.

Each setting carries its documentation; `hub config` prints them and a test holds README to them. A secret has no
default anywhere: the demonstration writes random ones into its own folder.
"""

import base64
import binascii
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.errors import SettingsError
from identity.ins import PRODUCTION_OIDS, TEST_OIDS, InsOid

MIB = 1024 * 1024


class Environment(StrEnum):
    """Where the hub runs. The demonstration's doors exist only in `demonstration`."""

    PRODUCTION = "production"
    DEMONSTRATION = "demonstration"
    TEST = "test"


def _default_data_dir() -> Path:
    beside = Path(__file__).resolve().parent.parent / "data"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "identity-hub" / "data"


def _text(value: str) -> str:
    return value


def _optional(value: str) -> str | None:
    return value or None


def _path(value: str) -> Path:
    return Path(value).expanduser()


def _positive(value: str) -> int:
    number = int(value)
    if number <= 0:
        raise ValueError("must be a number above zero")
    return number


def _count(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("must be zero or more")
    return number


def _seconds(value: str) -> float:
    number = float(value)
    if not 0 < number < 86400:
        raise ValueError("must be a number of seconds between 0 and 86400")
    return number


def _rate(value: str) -> float:
    number = float(value)
    if not 0 < number <= 1000:
        raise ValueError("must be a number above 0, and 1000 at most")
    return number


def _optional_path(value: str) -> Path | None:
    return Path(value).expanduser() if value else None


def _insi_url(value: str) -> str | None:
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("must be http(s)://host[:port]/path")
    return value


def _long_secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("must be at least 32 characters long; make one with: openssl rand -base64 48")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.path.strip("/"):
        raise ValueError("must be http(s)://host[:port] without a path")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    if value.startswith("postgresql://"):
        value = "postgresql+psycopg://" + value.removeprefix("postgresql://")
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return value


def _store_url(value: str) -> str:
    if not value.startswith(("file://", "s3://")):
        raise ValueError("must begin with file:// or s3://")
    return value


def _smtp_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname:
        raise ValueError("must be smtp://, smtp+starttls:// or smtps:// followed by [user:password@]host[:port]")
    return value


def _domains(value: str) -> tuple[str, ...]:
    return tuple(part.strip().lower().lstrip("@.") for part in value.split(",") if part.strip())


def _oids(value: str) -> frozenset[InsOid]:
    return frozenset(InsOid(part.strip().removeprefix("urn:oid:")) for part in value.split(",") if part.strip())


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError("must be one of " + ", ".join(allowed))
        return value

    return read


@dataclass(frozen=True, slots=True)
class EncryptionKeys:
    """Key-encryption keys by id; `active` wraps new document keys, the others only unwrap old ones."""

    active: str
    by_id: Mapping[str, bytes]


def _encryption_keys(value: str) -> EncryptionKeys:
    by_id: dict[str, bytes] = {}
    for part in value.split(","):
        name, separator, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as err:
            raise ValueError("must be a list of id:base64 keys, the active one first") from err
        if not separator or not name or len(key) != 32:
            raise ValueError("each key must be id:base64 of exactly 32 bytes; make one with: openssl rand -base64 32")
        if name in by_id:
            raise ValueError("names the same key id twice")
        by_id[name] = key
    return EncryptionKeys(next(iter(by_id)), by_id)


def _setting(read: Callable[[str], Any], doc: str, *, secret: bool = False, **kwargs: Any) -> Any:
    return field(metadata={"read": read, "doc": doc, "secret": secret}, **kwargs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between two installations of the hub. Field `x` is read from `HUB_X`."""

    env: Environment = _setting(
        Environment, "`production`, `demonstration` or `test`.", default=Environment.PRODUCTION
    )
    public_url: str = _setting(_base_url, "Address under which browsers and software reach the hub.")
    secret_key: str = _setting(_long_secret, "Signs browser cookies and form tokens.", secret=True)
    pepper: str = _setting(
        _long_secret, "Keys the hashes of codes, links and sessions, and the audit chain.", secret=True
    )
    encryption_keys: EncryptionKeys = _setting(
        _encryption_keys,
        "`id:base64,…`, 32 bytes each, active first: wrap the keys of documents and stored secrets.",
        secret=True,
    )
    database_url: str = _setting(
        _database_url, "`sqlite:///…` or `postgresql://…`.", default="sqlite:///var/hub.sqlite3", secret=True
    )
    database_pool: int = _setting(_positive, "PostgreSQL connections held by one process.", default=10)
    store_url: str = _setting(
        _store_url,
        "Where documents lie, encrypted: `file://folder` or `s3://bucket/prefix`.",
        default="file://var/documents",
    )
    s3_endpoint: str | None = _setting(_optional, "Address of an S3-compatible store other than AWS.", default=None)
    s3_region: str | None = _setting(_optional, "Region of the S3 bucket.", default=None)
    s3_access_key: str | None = _setting(_optional, "S3 access key id.", default=None)
    s3_secret_key: str | None = _setting(_optional, "S3 secret access key.", default=None, secret=True)
    data_dir: Path = _setting(
        _path, "Folder of reference tables and linkage models.", default_factory=_default_data_dir
    )
    linkage_model: str = _setting(
        _text, "Linkage model in force, a file under the data folder.", default="linkage/model-2026-8.json"
    )
    ins_oids: frozenset[InsOid] | None = _setting(
        _oids,
        "Accepted INS authorities; by default the real ones in production, the test ones elsewhere.",
        default=None,
    )
    four_eyes: str = _setting(
        _choice("none", "qualified", "all"),
        "Merges and separations that a second officer must confirm: none, those of qualified identities, or all.",
        default="none",
    )
    region_name: str = _setting(_text, "Name of the region, shown on every page.", default="Région")
    region_oid: str = _setting(
        _text, "OID of the regional identification domain (identifier RRI).", default="1.2.250.1.999.1.0"
    )
    support: str = _setting(
        _text,
        "Who helps users: a phone number or an address, shown on pages.",
        default="votre agence régionale de santé",
    )
    smtp_url: str = _setting(
        _smtp_url,
        "Relay for patients' notices: `smtp://`, `smtp+starttls://` or `smtps://`.",
        default="smtp://127.0.0.1:25",
        secret=True,
    )
    mail_from: str = _setting(_text, "Sender of patients' notices.", default="ne-pas-repondre@hub.example")
    mssante_smtp_url: str = _setting(
        _smtp_url, "Relay of the MSSanté operator.", default="smtp://127.0.0.1:25", secret=True
    )
    mssante_from: str = _setting(
        _text, "The hub's own MSSanté mailbox (type APP).", default="hub@region.mssante.example"
    )
    mssante_domains: tuple[str, ...] = _setting(
        _domains,
        "Domains of the MSSanté trust space; mail leaves to no other.",
        default=("mssante.fr", "mssante.example"),
    )
    smtp_ca_file: Path | None = _setting(
        lambda value: Path(value) if value else None,
        "Certificate authorities that both relays must chain to (PEM); the system's by default.",
        default=None,
    )
    sms_gateway: str = _setting(
        _choice("http", "demonstration"), "`http`, or `demonstration` (never in production).", default="http"
    )
    sms_url: str | None = _setting(_optional, "Address of the HTTP SMS gateway.", default=None)
    sms_token: str | None = _setting(_optional, "Bearer token of the SMS gateway.", default=None, secret=True)
    sms_sender: str = _setting(_text, "Sender shown on an SMS, 11 letters at most.", default="MaSante")
    sms_prefixes: tuple[str, ...] = _setting(
        _domains,
        "Country prefixes that may receive a code.",
        default=("+33", "+262", "+508", "+590", "+594", "+596", "+681", "+687", "+689"),
    )
    insi_url: str | None = _setting(
        _insi_url, "Address of the INSi teleservice; empty, INS are neither searched nor verified.", default=None
    )
    insi_certificate: Path | None = _setting(
        _optional_path, "Client certificate for INSi (IGC-Santé, organisation; PEM).", default=None
    )
    insi_key: Path | None = _setting(
        _optional_path, "Private key of that certificate (PEM); in the same file by default.", default=None
    )
    insi_ca_file: Path | None = _setting(
        _optional_path, "Certificate authorities INSi must chain to (PEM); the system's by default.", default=None
    )
    insi_emitter: str = _setting(_text, "Who asks INSi: number of the structure that emits.", default="")
    insi_software: str = _setting(_text, "Number of the authorised software (IDAM), for INSi.", default="")
    insi_seconds: float = _setting(_seconds, "Longest wait for one answer of INSi.", default=10.0)
    insi_verify_days: int = _setting(
        _positive, "Days after which the worker verifies an INS again (3 years).", default=1095
    )
    insi_verify_nightly: int = _setting(
        _count, "INS that the worker verifies again in one night; 0 for none.", default=200
    )
    insi_per_second: float = _setting(_rate, "Questions per second that `hub insi verify` asks.", default=2.0)
    upload_limit: int = _setting(_positive, "Largest document, in bytes.", default=50_000_000)
    notice_days: int = _setting(_positive, "Days before the link of a notice expires.", default=30)
    lease_seconds: float = _setting(
        _seconds, "Seconds a worker holds a job before another may take it.", default=60.0
    )
    poll_seconds: float = _setting(_seconds, "Seconds between two looks at an empty queue.", default=0.5)
    password_memory: int = _setting(
        _positive, "Memory that hashing one password takes, in MiB (argon2id).", default=64
    )
    trusted_proxies: int = _setting(_count, "Reverse proxies in front whose X-Forwarded-* are true.", default=0)
    metrics_token: str | None = _setting(
        _optional,
        "Bearer token of /metrics; without one only loopback may read it.",
        default=None,
        secret=True,
    )
    log_level: str = _setting(
        _choice("debug", "info", "warning", "error"), "Least severe event that is logged.", default="info"
    )

    @property
    def is_secure(self) -> bool:
        """Tell whether browsers reach the hub over TLS."""
        return self.public_url.startswith("https://")

    @property
    def accepted_oids(self) -> frozenset[InsOid]:
        """INS authorities accepted on input."""
        if self.ins_oids is not None:
            return self.ins_oids
        return PRODUCTION_OIDS if self.env is Environment.PRODUCTION else TEST_OIDS

    @property
    def domains_region(self) -> str:
        """FHIR system of the regional identifier."""
        return f"urn:oid:{self.region_oid}"


def from_mapping(variables: Mapping[str, str]) -> Settings:
    """Read settings from `HUB_*` variables; raise `SettingsError` naming every variable that is wrong."""
    known = {f"HUB_{item.name.upper()}": item for item in fields(Settings)}
    problems = [
        f"{name} n'est pas un réglage connu." for name in variables if name.startswith("HUB_") and name not in known
    ]
    values: dict[str, Any] = {}
    for name, item in known.items():
        raw = variables.get(name)
        if raw is None or (raw == "" and item.default is not None):
            if item.default is MISSING and item.default_factory is MISSING:
                problems.append(f"{name} manque : {item.metadata['doc']}")
            continue
        try:
            values[item.name] = item.metadata["read"](raw)
        except ValueError as err:
            shown = "" if item.metadata["secret"] else f" (« {raw} »)"
            problems.append(f"{name}{shown} est refusé : {err}.")
    if not problems:
        settings = Settings(**values)
        problems = _contradictions(settings)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _contradictions(settings: Settings) -> list[str]:
    problems = []
    if settings.env is Environment.PRODUCTION:
        if not settings.is_secure:
            problems.append("HUB_PUBLIC_URL est refusé : en production les pages ne se servent qu'en https.")
        if settings.sms_gateway == "demonstration":
            problems.append("HUB_SMS_GATEWAY est refusé : la passerelle de démonstration n'existe pas en production.")
        if settings.accepted_oids & TEST_OIDS:
            problems.append("HUB_INS_OIDS est refusé : les INS de test ne sont pas admis en production.")
    elif settings.accepted_oids & PRODUCTION_OIDS:
        problems.append("HUB_INS_OIDS est refusé : les INS réels ne sont admis qu'en production.")
    if settings.insi_url is not None and settings.env is Environment.PRODUCTION:
        if not settings.insi_url.startswith("https://") or settings.insi_certificate is None:
            problems.append(
                "HUB_INSI_URL est refusé : en production INSi se joint en https, avec HUB_INSI_CERTIFICATE."
            )
        if not settings.insi_emitter or not settings.insi_software:
            problems.append("HUB_INSI_EMITTER et HUB_INSI_SOFTWARE manquent : INSi veut savoir qui demande.")
    if settings.sms_gateway == "http" and settings.sms_url is None and settings.env is Environment.PRODUCTION:
        problems.append("HUB_SMS_URL manque : la passerelle SMS a besoin d'une adresse.")
    if not (settings.data_dir / settings.linkage_model).is_file():
        problems.append(
            f"HUB_LINKAGE_MODEL est refusé : {settings.linkage_model} n'existe pas dans le dossier de données."
        )
    return problems


def read_environment() -> Settings:
    """Read the process environment; raise `SettingsError`."""
    return from_mapping(os.environ)


def export(variables: Mapping[str, str]) -> None:
    """Put variables into the process environment, for child processes of `hub serve` and `hub demo`."""
    os.environ.update(variables)


def inherited(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child process: this one's without its HUB_* variables, plus `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return kept | dict(extra)


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line of `hub config` and of README's table."""

    variable: str
    value: str
    default: str
    doc: str


def describe(settings: Settings | None) -> list[SettingLine]:
    """List every setting with its effective value (secrets masked), default and documentation."""
    lines = []
    for item in fields(Settings):
        secret = item.metadata["secret"]
        if item.default is MISSING and item.default_factory is MISSING:
            default = "obligatoire"
        elif item.name == "data_dir":
            default = "`data` du projet"
        else:
            default = _shown(item.default)
        value = "" if settings is None else _shown(getattr(settings, item.name))
        if settings is not None and secret and value:
            value = "••••••"
        lines.append(SettingLine(f"HUB_{item.name.upper()}", value, default, item.metadata["doc"]))
    return lines


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple | frozenset):
        return ",".join(sorted(str(part) for part in value))
    return str(value)


def linkage_model_file() -> Path:
    """Return the file of the linkage model in force, for a command that needs no other setting."""
    default = next(item.default for item in fields(Settings) if item.name == "linkage_model")
    folder = os.environ.get("HUB_DATA_DIR")
    return (_path(folder) if folder else _default_data_dir()) / (os.environ.get("HUB_LINKAGE_MODEL") or str(default))


def process_environment(name: str) -> str | None:
    """Return one variable of the process environment, before any settings exist."""
    return os.environ.get(name)
