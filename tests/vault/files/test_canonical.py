import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vault.errors import VaultError
from vault.files import canonical


@given(
    hnp.arrays(
        st.sampled_from(["|u1", "<u2", "<u4", "<f8"]),
        hnp.array_shapes(max_dims=2, max_side=20),
        elements={"allow_nan": False, "allow_infinity": False},
    )
)
def test_decode_returns_what_was_encoded(values: np.ndarray) -> None:
    predictions = canonical.encode(values)

    decoded = canonical.decode(predictions.canonical)

    assert decoded.dtype == values.dtype
    np.testing.assert_array_equal(decoded, values)


def test_encode_is_the_documented_form() -> None:
    predictions = canonical.encode(np.array([0, 2, 1], dtype=np.uint8))

    assert predictions.canonical == b'{"dtype":"|u1","shape":[3]}\n\x00\x02\x01'
    assert predictions.sha256 == hashlib.sha256(predictions.canonical).hexdigest()


def test_encode_ignores_the_sign_of_zero_and_the_memory_order() -> None:
    plain = np.array([[0.0, 1.0], [0.5, 0.5]])

    assert canonical.encode(np.asfortranarray(-plain * -1)) == canonical.encode(plain)
    assert canonical.encode(np.array([-0.0])) == canonical.encode(np.array([0.0]))


@pytest.mark.parametrize(("n_classes", "dtype"), [(2, "|u1"), (256, "|u1"), (257, "<u2")])
def test_code_dtype_is_the_smallest(n_classes: int, dtype: str) -> None:
    assert canonical.code_dtype(n_classes).str == dtype


@pytest.mark.parametrize(
    "changed",
    [
        b"",
        b"\n",
        b"nothing",
        json.dumps({"dtype": "|O", "shape": [1]}).encode() + b"\n" + b"\0" * 8,
        b'{"dtype":"<f8","shape":[3]}\n' + b"\0" * 16,
        b'{"dtype":"<f8","shape":[2]}\n' + b"\0" * 15,
        b'{"dtype":"<f8"}\n',
        b"[]\n",
    ],
)
def test_decode_refuses_other_bytes(changed: bytes) -> None:
    with pytest.raises(VaultError):
        canonical.decode(changed)
