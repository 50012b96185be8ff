"""Encryption at rest: nothing can be altered, moved, cut or read with another key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config import EncryptionKeys
from hub.encryption import CHUNK, DecryptionError, Vault, WrappedKey, open_stream, seal_stream

KEY = b"k" * 32
OLD = Vault(EncryptionKeys("old", {"old": b"o" * 32}))
BOTH = Vault(EncryptionKeys("new", {"new": b"n" * 32, "old": b"o" * 32}))


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_the_same(plain: bytes) -> None:
    assert open_stream(KEY, seal_stream(KEY, plain, "document:1"), "document:1") == plain


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_sizes_around_a_chunk_open_the_same(size: int) -> None:
    plain = bytes(index % 251 for index in range(size))

    assert open_stream(KEY, seal_stream(KEY, plain, "c"), "c") == plain


def test_a_document_does_not_open_as_another() -> None:
    sealed = seal_stream(KEY, b"content", "document:1")

    with pytest.raises(DecryptionError):
        open_stream(KEY, sealed, "document:2")


def test_a_flipped_bit_is_seen() -> None:
    sealed = bytearray(seal_stream(KEY, b"content", "c"))
    sealed[-1] ^= 1

    with pytest.raises(DecryptionError):
        open_stream(KEY, bytes(sealed), "c")


def test_chunks_cannot_be_cut_or_swapped() -> None:
    plain = b"a" * CHUNK + b"b" * CHUNK
    sealed = seal_stream(KEY, plain, "c")
    size = CHUNK + 16
    first, second = sealed[8 : 8 + size], sealed[8 + size :]

    for forged in (sealed[: 8 + size], sealed[:8] + second + first, sealed[:8]):
        with pytest.raises(DecryptionError):
            open_stream(KEY, forged, "c")


def test_a_key_is_wrapped_for_one_purpose() -> None:
    _, wrapped = OLD.new_key("document:1")

    with pytest.raises(DecryptionError):
        OLD.unwrap(wrapped, "document:2")


def test_rotation_keeps_the_data_key() -> None:
    sealed = OLD.seal(b"secret", "totp:someone")

    fresh = BOTH.reseal(sealed, "totp:someone")

    assert fresh is not None
    assert BOTH.open(fresh, "totp:someone") == b"secret"
    assert BOTH.reseal(fresh, "totp:someone") is None
    with pytest.raises(DecryptionError, match="n'est plus configurée"):
        OLD.open(fresh, "totp:someone")


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(DecryptionError, match="« lost »"):
        OLD.unwrap(WrappedKey("lost", b"x" * 60), "c")
