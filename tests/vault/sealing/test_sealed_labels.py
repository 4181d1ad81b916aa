import hashlib

import numpy as np
import pyarrow as pa

from vault.files.label_tables import LabelTable
from vault.sealing import sealed_labels


def test_disclosure_is_the_documented_text() -> None:
    """Quotes only where they must be; text sorted by its bytes; no position in the panel."""
    table = LabelTable(
        ids=pa.array(["b", 'a,"1"', "B", "é"]),
        labels=np.array([0, 1, 2, 0]),
        slices={
            "z": pa.array(["1", "2", "", "4"]).dictionary_encode(),
            "a b": pa.array(["x y", "p\nq", "r", "s"]).dictionary_encode(),
        },
    )
    plaintext = sealed_labels.pack(
        table, positions=np.array([3, 5, 6, 9]), classes=["dry", "rain, wet", "snow"]
    )

    disclosed = sealed_labels.disclosure(plaintext, classes=["dry", "rain, wet", "snow"])

    assert disclosed.text == (
        "id,label,slice:a b,slice:z\n"
        "B,snow,r,\n"
        '"a,""1""","rain, wet","p\nq",2\n'
        "b,dry,x y,1\n"
        "é,dry,s,4\n"
    )
    expected = hashlib.sha256(disclosed.salt + disclosed.text.encode()).hexdigest()
    assert sealed_labels.commitment_of(disclosed) == expected


def test_values_are_written_so_that_they_read_back_the_same() -> None:
    values = np.array([0.1, 1e-300, -0.0, 1 / 3, 1e22])
    table = LabelTable(ids=pa.array([5, 4, 30, 2, 1]), labels=values)
    plaintext = sealed_labels.pack(table, positions=np.arange(5), classes=[])

    lines = sealed_labels.disclosure(plaintext, classes=[]).text.splitlines()[1:]

    assert lines == ["1,1e+22", "2,0.3333333333333333", "4,1e-300", "5,0.1", "30,-0.0"]


def test_each_sealing_draws_its_own_salt() -> None:
    table = LabelTable(ids=pa.array([1]), labels=np.array([1]))
    salts = {
        sealed_labels.disclosure(
            sealed_labels.pack(table, positions=np.array([0]), classes=["0", "1"]),
            classes=["0", "1"],
        ).salt
        for _ in range(5)
    }

    assert len(salts) == 5


def test_unpack_returns_what_was_packed() -> None:
    table = LabelTable(
        ids=pa.array([9, 8]),
        labels=np.array([1, 0]),
        slices={"s": pa.array(["u", "v"]).dictionary_encode()},
    )

    opened = sealed_labels.unpack(
        sealed_labels.pack(table, positions=np.array([2, 7]), classes=["0", "1"]),
        draws_groups=False,
        entry=5,
        version=1,
    )

    assert opened.entry == 5
    assert opened.positions.tolist() == [2, 7]
    assert opened.positions.dtype == np.int64
    assert opened.labels.tolist() == [1, 0]
    assert opened.labels.dtype == np.int64
    assert opened.slices["s"].tolist() == ["u", "v"]
    assert opened.times is None
    assert opened.groups is None


def test_opened_values_keep_no_plaintext_alive() -> None:
    """A worker keeps them: a view would keep ids, slices and times of all items in memory, too."""
    table = LabelTable(ids=pa.array([9, 8]), labels=np.array([0.5, 2.0]), slices={})
    plaintext = sealed_labels.pack(table, positions=np.array([2, 7]), classes=[])

    opened = sealed_labels.unpack(plaintext, draws_groups=False, entry=1, version=1)

    whole = np.frombuffer(plaintext, dtype=np.uint8)
    assert not np.shares_memory(opened.labels, whole)
    assert not np.shares_memory(opened.positions, whole)
    assert opened.labels.tolist() == [0.5, 2.0]
