"""Encryption at rest and keyed hashes.

AES-256-GCM (NIST SP 800-38D). Each document and each stored secret has its own random key (DEK), wrapped by a
key-encryption key (KEK) named in the row, so that rotating a KEK only re-wraps keys. Documents are sealed in
chunks; the chunk number, the fact of being last and the caller's context are authenticated, so that chunks cannot
be moved, cut or swapped between documents.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.config import EncryptionKeys, Settings
from hub.errors import HubError

CHUNK = 1024 * 1024
_NONCE = 12


class DecryptionError(HubError):
    """The bytes were altered, belong to something else, or their key is no longer configured."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data-encryption key, encrypted under the key-encryption key `kek_id`."""

    kek_id: str
    wrapped: bytes


class Vault:
    """Seals and opens bytes with the configured key-encryption keys."""

    def __init__(self, keys: EncryptionKeys) -> None:
        self._keys = keys

    @property
    def active_key_id(self) -> str:
        """Id of the key-encryption key that wraps new keys."""
        return self._keys.active

    def new_key(self, context: str) -> tuple[bytes, WrappedKey]:
        """Make a data key for `context` (for instance `document:17`); return it plain and wrapped."""
        key = secrets.token_bytes(32)
        return key, self.wrap(key, context)

    def wrap(self, key: bytes, context: str) -> WrappedKey:
        """Wrap a data key under the active key-encryption key."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self._keys.by_id[self._keys.active]).encrypt(nonce, key, context.encode())
        return WrappedKey(self._keys.active, nonce + sealed)

    def unwrap(self, wrapped: WrappedKey, context: str) -> bytes:
        """Recover a data key; raise `DecryptionError`."""
        kek = self._keys.by_id.get(wrapped.kek_id)
        if kek is None:
            raise DecryptionError(f"La clé de chiffrement « {wrapped.kek_id} » n'est plus configurée.")
        try:
            return AESGCM(kek).decrypt(wrapped.wrapped[:_NONCE], wrapped.wrapped[_NONCE:], context.encode())
        except InvalidTag as err:
            raise DecryptionError("Une clé enveloppée ne correspond pas à ce qu'elle protège.") from err

    def seal(self, secret: bytes, context: str) -> bytes:
        """Encrypt a short secret for storage in a column."""
        key, wrapped = self.new_key(context)
        name = wrapped.kek_id.encode()
        sealed = seal_stream(key, secret, context)
        return bytes([len(name)]) + name + len(wrapped.wrapped).to_bytes(2) + wrapped.wrapped + sealed

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made; raise `DecryptionError`."""
        wrapped, rest = _split_sealed(sealed)
        return open_stream(self.unwrap(wrapped, context), rest, context)

    def reseal(self, sealed: bytes, context: str) -> bytes | None:
        """Wrap a sealed secret's key under the active key; return None when it already is."""
        wrapped, rest = _split_sealed(sealed)
        if wrapped.kek_id == self._keys.active:
            return None
        fresh = self.wrap(self.unwrap(wrapped, context), context)
        name = fresh.kek_id.encode()
        return bytes([len(name)]) + name + len(fresh.wrapped).to_bytes(2) + fresh.wrapped + rest


def _split_sealed(sealed: bytes) -> tuple[WrappedKey, bytes]:
    name_length = sealed[0]
    name = sealed[1 : 1 + name_length].decode()
    start = 1 + name_length
    length = int.from_bytes(sealed[start : start + 2])
    wrapped = sealed[start + 2 : start + 2 + length]
    return WrappedKey(name, wrapped), sealed[start + 2 + length :]


def _chunk_context(context: str, number: int, last: bool) -> bytes:
    return f"{context}|{number}|{int(last)}".encode()


def seal_stream(key: bytes, plain: bytes, context: str) -> bytes:
    """Encrypt bytes in chunks of 1 MiB: prefix (8 random bytes), then each chunk with its 16-byte tag."""
    prefix = secrets.token_bytes(8)
    cipher = AESGCM(key)
    parts = [prefix]
    count = max(1, -(-len(plain) // CHUNK))
    for number in range(count):
        chunk = plain[number * CHUNK : (number + 1) * CHUNK]
        nonce = prefix + number.to_bytes(4)
        parts.append(cipher.encrypt(nonce, chunk, _chunk_context(context, number, number == count - 1)))
    return b"".join(parts)


def open_stream(key: bytes, sealed: bytes, context: str) -> bytes:
    """Decrypt what `seal_stream` made; raise `DecryptionError` when anything was changed, cut or moved."""
    prefix, body = sealed[:8], sealed[8:]
    cipher = AESGCM(key)
    size = CHUNK + 16
    count = max(1, -(-len(body) // size))
    parts = []
    for number in range(count):
        nonce = prefix + number.to_bytes(4)
        chunk = body[number * size : (number + 1) * size]
        try:
            parts.append(cipher.decrypt(nonce, chunk, _chunk_context(context, number, number == count - 1)))
        except (InvalidTag, ValueError) as err:
            raise DecryptionError("Le contenu chiffré a été altéré ou ne correspond pas à sa fiche.") from err
    return b"".join(parts)


def derive(settings: Settings, purpose: str) -> bytes:
    """Derive a 32-byte key for one purpose from the pepper (HKDF, RFC 5869)."""
    return HKDF(SHA256(), 32, None, f"identity-hub/{purpose}".encode()).derive(settings.pepper.encode())


def keyed_hash(settings: Settings, purpose: str, value: str) -> str:
    """Return the hexadecimal HMAC-SHA256 of a token or identifier, for storage and look-up."""
    return hmac.new(derive(settings, purpose), value.encode(), hashlib.sha256).hexdigest()


def new_token() -> str:
    """Make a 256-bit URL-safe token."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class LinkToken:
    """A token sent in a link: what the receiver holds, what the row keeps to make it again and to find it."""

    token: str
    nonce: str
    token_hash: str


def new_link_token(settings: Settings, purpose: str) -> LinkToken:
    """Make a 256-bit link token. The row keeps nonce and hash; without the pepper neither gives the token."""
    nonce = secrets.token_urlsafe(32)
    token = link_token(settings, purpose, nonce)
    return LinkToken(token, nonce, keyed_hash(settings, f"{purpose}-hash", token))


def link_token(settings: Settings, purpose: str, nonce: str) -> str:
    """Return the token of a nonce, for the worker that writes the message."""
    digest = hmac.new(derive(settings, purpose), nonce.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
