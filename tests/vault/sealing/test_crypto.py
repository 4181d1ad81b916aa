"""Invariant 4 rests on these: what was sealed opens unchanged with its key, or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.errors import LabelsUnavailableError
from vault.sealing import crypto

CHUNK = 1 << 20
SEALED_CHUNK = CHUNK + 16


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_decrypt_returns_what_was_encrypted(size: int) -> None:
    plaintext = bytes(range(256)) * (size // 256) + b"\0" * (size % 256)

    sealed = crypto.encrypt(plaintext)

    assert crypto.decrypt(sealed.ciphertext, sealed.data_key) == plaintext


def test_encrypt_draws_a_new_key_each_time() -> None:
    first, second = crypto.encrypt(b"labels"), crypto.encrypt(b"labels")

    assert first.data_key != second.data_key
    assert first.ciphertext != second.ciphertext


@settings(max_examples=50)
@given(st.binary(max_size=200), st.data())
def test_decrypt_refuses_a_flipped_bit(plaintext: bytes, data: st.DataObject) -> None:
    sealed = crypto.encrypt(plaintext)
    bit = data.draw(st.integers(0, 8 * len(sealed.ciphertext) - 1))
    changed = bytearray(sealed.ciphertext)
    changed[bit // 8] ^= 1 << (bit % 8)

    with pytest.raises(LabelsUnavailableError):
        crypto.decrypt(bytes(changed), sealed.data_key)


def _rearranged(ciphertext: bytes) -> dict[str, bytes]:
    first, second, third = (
        ciphertext[i : i + SEALED_CHUNK] for i in range(0, len(ciphertext), SEALED_CHUNK)
    )
    return {
        "swapped": second + first + third,
        "last chunk dropped": first + second,
        "middle chunk dropped": first + third,
        "chunk doubled": first + first + second + third,
        "cut inside a chunk": ciphertext[:-1],
        "extended": ciphertext + b"\0",
        "empty": b"",
    }


def test_decrypt_refuses_reordered_and_cut_chunks() -> None:
    sealed = crypto.encrypt(b"x" * (2 * CHUNK + 5))

    for changed in _rearranged(sealed.ciphertext).values():
        with pytest.raises(LabelsUnavailableError):
            crypto.decrypt(changed, sealed.data_key)


def test_decrypt_refuses_another_key() -> None:
    sealed = crypto.encrypt(b"labels")

    with pytest.raises(LabelsUnavailableError):
        crypto.decrypt(sealed.ciphertext, crypto.encrypt(b"").data_key)


def test_unwrap_needs_the_right_key_and_the_right_info() -> None:
    private, other = crypto.generate_private_key(), crypto.generate_private_key()
    envelope = crypto.wrap(b"k" * 32, crypto.public_key_of(private), b"holdout 1")

    assert crypto.unwrap(envelope, private, b"holdout 1") == b"k" * 32
    with pytest.raises(LabelsUnavailableError):
        crypto.unwrap(envelope, other, b"holdout 1")
    with pytest.raises(LabelsUnavailableError):
        crypto.unwrap(envelope, private, b"holdout 2")


@pytest.mark.parametrize("length", [0, 10, 79])
def test_unwrap_refuses_a_cut_envelope(length: int) -> None:
    private = crypto.generate_private_key()
    envelope = crypto.wrap(b"k" * 32, crypto.public_key_of(private), b"info")

    with pytest.raises(LabelsUnavailableError):
        crypto.unwrap(envelope[:length], private, b"info")


def test_public_key_of_refuses_what_is_not_a_private_key() -> None:
    with pytest.raises(LabelsUnavailableError):
        crypto.public_key_of(b"nothing")


def test_kid_of_is_the_digest_of_the_public_key() -> None:
    public = crypto.public_key_of(crypto.generate_private_key())

    assert len(public) == 32
    assert len(crypto.kid_of(public)) == 64
