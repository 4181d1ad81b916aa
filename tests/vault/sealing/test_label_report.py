"""What is said of a label file before it is sealed: the warnings that matter, and silence else."""

import datetime as dt
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from config.settings import BASE_DIR
from tests.stats.reference_data import reference_case
from vault.errors import InvalidFileError, SealingError
from vault.files import label_tables
from vault.files.label_tables import LabelTable
from vault.files.parsing import CSV
from vault.sealing import label_check, label_orders, label_report
from vault.sealing.drawn_units import Shard
from vault.sealing.label_report import Report

BINARY = ("0", "1")


def table(body: str, classes: tuple[str, ...] = BINARY) -> LabelTable:
    return label_tables.read(body=body.encode(), content_type=CSV, classes=classes)


def report(
    body: str,
    *,
    query: int,
    classes: tuple[str, ...] = BINARY,
    stratify: bool = False,
    kind: str = "iid",
    loss_cap: float | None = None,
) -> Report:
    later: Any = {"trained_until": dt.date(2009, 1, 1), "label_delay_days": 30}
    if kind != "temporal":
        later = {}
    shards = [
        Shard(kind=kind, status="FRESH" if kind != "iid" else "QUERY", n=query, **later),
        Shard(kind=kind, status="FRESH", n=None, **later),
    ]
    return label_report.report_of(
        labels=table(body, classes),
        classes=classes,
        shards=shards,
        stratify=stratify,
        loss_cap=loss_cap,
    )


def warned(given: Report) -> list[str]:
    return [line.code for line in given.warnings]


def text_of(given: Report, code: str) -> str:
    return next(line.text for line in given.lines if line.code == code)


def name(i: int) -> str:
    """An id whose place tells nothing."""
    return hashlib.sha256(f"item {i}".encode()).hexdigest()[:10]


def rows(labels: NDArray[np.int64] | list[str], *more: list[str]) -> str:
    """With ids in no order, and further columns."""
    header = ",".join(["id,label", *("time" if "T" in m[0] else "group" for m in more)])
    lines = [
        ",".join([name(i), str(label), *(m[i] for m in more)]) for i, label in enumerate(labels)
    ]
    return "\n".join([header, *lines, ""])


def coins(n: int, *, share: float = 0.5, seed: int = 3) -> NDArray[np.int64]:
    return (np.random.default_rng(seed).random(n) < share).astype(np.int64)


def test_a_class_that_may_be_missing_is_warned_of_and_strata_mend_it() -> None:
    body = reference_case("rare_labels.csv").read_text()

    found = report(body, query=100)
    mended = report(body, query=100, stratify=True)

    assert warned(found) == ["class_missing", "class_few"]
    assert "0 of class 1 in the query shard with a chance of 0.73 (3 in the file)" in (
        text_of(found, "class_missing")
    )
    assert "draw from each class separately" in found.warnings[0].mend
    assert warned(mended) == ["class_few"]
    assert mended.classes[0].expected == (1.0, 2.0)
    assert mended.classes[0].chance_of_none == (0.0, 0.0)


def test_ids_in_the_order_of_labels_are_warned_of() -> None:
    found = report(reference_case("sorted_labels.csv").read_text(), query=200)

    assert warned(found) == ["id_order", "neighbor_labels"]
    assert "has ROC AUC 1.000 for class 1" in text_of(found, "id_order")


def test_the_order_of_ids_is_looked_at_whatever_that_of_the_rows() -> None:
    labels = np.repeat([0, 1], [260, 140])
    shuffled = np.random.default_rng(4).permutation(400)

    found = report("id,label\n" + "".join(f"{i},{labels[i]}\n" for i in shuffled), query=200)

    assert warned(found) == ["id_order", "neighbor_labels"]


@pytest.mark.parametrize("spell", ["x{0}", "x{0:04}", "{1}-{0:04}", "{0:04}-{1}", "{0}_{1}_v2"])
def test_other_spellings_of_an_order_are_seen(spell: str) -> None:
    """Numbers without zeros in front, and the label's own name, in front or behind."""
    labels = np.repeat([0, 1], [260, 140])
    number = np.arange(400) if "1}" not in spell else np.random.default_rng(2).permutation(400)
    ids = [spell.format(i, "cat" if y else "dog") for i, y in zip(number, labels, strict=True)]

    body = "id,label\n" + "".join(f"{i},{y}\n" for i, y in zip(ids, labels, strict=True))

    assert "id_order" in warned(report(body, query=200))


def test_one_place_is_no_places() -> None:
    sorted_ones = "id,label\n" + "".join(f"{i:03},{int(i >= 200)}\n" for i in range(400))
    found = report(sorted_ones, query=200)

    assert "class 1 and others meet at 1 place, " in text_of(found, "neighbor_labels")


def test_neighbors_of_one_source_are_warned_of_until_they_are_groups() -> None:
    """Forty patients of ten items with one label each; their ids stand together."""
    labels = np.repeat(coins(40), 10)
    ids = [f"patient-{i // 10:02}-{i % 10}" for i in range(400)]
    plain = "id,label\n" + "".join(f"{i},{y}\n" for i, y in zip(ids, labels, strict=True))
    grouped = "id,label,group\n" + "".join(
        f"{i},{y},{i[:10]}\n" for i, y in zip(ids, labels, strict=True)
    )

    found = report(plain, query=200)
    assert warned(found) == ["neighbor_labels"]
    assert "name it in the column group" in found.warnings[0].mend
    with_groups = report(grouped, query=200)
    assert "neighbor_labels" not in warned(with_groups)
    assert "40 groups of 10 items each are drawn whole" in text_of(with_groups, "groups")


def test_labels_that_alternate_are_warned_of_and_groups_are_no_help() -> None:
    body = "id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(400))

    found = report(body, query=200)

    assert warned(found) == ["neighbor_labels"]
    assert "less alike" in found.warnings[0].text
    assert "group" not in found.warnings[0].mend


def test_a_regression_is_looked_at_too() -> None:
    values = np.random.default_rng(1).normal(size=400)
    sorted_ones = "id,label\n" + "".join(f"{i},{v}\n" for i, v in enumerate(np.sort(values)))
    others = "id,label\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values))
    constant = "id,label\n" + "".join(f"{i},1.5\n" for i in range(400))

    assert warned(report(sorted_ones, query=200, classes=())) == ["id_order", "neighbor_labels"]
    assert "rank correlation with the place is 1.00" in text_of(
        report(sorted_ones, query=200, classes=()), "id_order"
    )
    assert warned(report(others, query=200, classes=())) == []
    assert report(others, query=200, classes=()).classes == ()
    assert warned(report(constant, query=200, classes=())) == ["constant_label"]


def test_a_loss_cap_far_beyond_the_labels_is_warned_of() -> None:
    values = np.random.default_rng(1).normal(scale=2.0, size=400)
    body = "id,label\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values))
    most = 10 * float(np.std(values))

    assert warned(report(body, query=200, classes=(), loss_cap=most * 0.99)) == []
    assert warned(report(body, query=200, classes=(), loss_cap=most * 1.01)) == ["loss_cap"]
    assert "is 10.1 standard deviations of the labels" in text_of(
        report(body, query=200, classes=(), loss_cap=most * 1.01), "loss_cap"
    )


def test_what_else_is_warned_of() -> None:
    constant = rows(np.zeros(400, dtype=np.int64))
    absent = rows(coins(400))
    small = rows(coins(120))
    cases = rows(coins(400)) + "ITEM 1,1\nitem 01,1\n"

    assert warned(report(constant, query=200)) == ["constant_label"]
    assert warned(report(absent, query=200, classes=("0", "1", "2"))) == ["class_missing"]
    assert "0 of class 2 in the file" in text_of(
        report(absent, query=200, classes=("0", "1", "2")), "class_missing"
    )
    assert warned(report(small, query=60)) == ["small_shard"]
    assert warned(report(cases, query=200)) == ["similar_ids"]
    assert text_of(report(cases, query=200), "similar_ids").startswith("1 ids")


def test_groups_are_described_and_large_ones_warned_of() -> None:
    groups = [f"g{min(i // 4, 88)}" for i in range(400)]

    found = report(rows(coins(400), groups), query=200)

    assert "89 groups of 4 to 48 items" in text_of(found, "groups")
    # 400^2 / (88 x 4^2 + 48^2), and half of that in either shard.
    together = "if the items of a group are all right or wrong together"
    assert (
        f"they are worth 43 independent items (of 400) {together}, and more if they are not"
        in text_of(found, "groups")
    )
    assert f"the query shard is worth 22 independent items {together} (a share" in text_of(
        found, "small_shard"
    )
    assert warned(found) == ["small_shard", "large_group"]


def test_a_group_column_of_empty_cells_is_warned_of() -> None:
    """It passed without a word, and items of one source were drawn apart."""
    found = report(rows(coins(400), [""] * 400), query=200)

    assert warned(found) == ["empty_groups"]
    assert "empty in every row" in text_of(found, "empty_groups")
    assert "leave the column out" in found.warnings[0].mend


def test_items_without_a_group_are_counted() -> None:
    groups = [f"g{i // 2}" if i < 380 else "" for i in range(400)]

    found = report(rows(coins(400), groups), query=200)

    assert warned(found) == []
    assert text_of(found, "groups").startswith(
        "210 groups of 1 to 2 items are drawn whole; 20 of them are single items whose group is empty; "
    )
    assert text_of(found, "sizes").endswith(
        "independent items, even if the items of a group are all right or wrong together"
    )
    assert text_of(report(rows(coins(400)), query=200), "sizes").endswith("independent items")


@pytest.mark.parametrize("column", ["time", "slice:site"])
def test_an_empty_time_or_slice_is_refused_by_its_row(column: str) -> None:
    with pytest.raises(InvalidFileError) as refused:
        table(f"id,label,{column}\na,0,\nb,1,\n")

    (first, *_) = refused.value.data["problems"]
    assert (first["row"], first["column"], first["problem"]) == (2, column, "the field is empty")


def test_labels_that_change_in_time_are_warned_of_in_an_iid_draw() -> None:
    n = 600
    rising = (np.random.default_rng(4).random(n) < np.linspace(0.2, 0.8, n)).astype(np.int64)
    times = [f"20{10 + i // 60:02}-01-{1 + i % 28:02}T00:00" for i in range(n)]

    found = report(rows(rising, times), query=300)
    assert warned(found) == ["time_drift"]
    assert "as temporal" in found.warnings[0].mend
    temporal = report(rows(rising, times), query=300, kind="temporal")
    assert warned(temporal) == []
    assert "the time tells" in text_of(temporal, "time_drift")
    assert warned(report(rows(coins(n), times), query=300)) == []


def test_ids_in_the_order_of_time_are_told() -> None:
    body = "id,label,time\n" + "".join(
        f"{i},{y},2020-{1 + i // 40:02}-01\n" for i, y in enumerate(coins(400))
    )

    assert "ids follow the time (rank correlation" in text_of(report(body, query=200), "id_time")


def test_slices_are_counted() -> None:
    body = "id,label,slice:sex\n" + "".join(
        f"{name(i)},{y},{'f' if i % 8 else 'm'}\n" for i, y in enumerate(coins(400))
    )

    assert text_of(report(body, query=200), "slices") == (
        "slice sex has 2 values, the rarest of which 50 items have"
    )


@pytest.mark.parametrize("share", [0.5, 0.05])
def test_labels_without_an_order_are_warned_of_once_in_a_thousand_files(share: float) -> None:
    """600 files with a fixed seed.

    More alarms than are accepted come in fewer than 1 of 1,000 such tests, if the level were used up.
    """
    rng = np.random.default_rng(8)
    n_files, n = 600, 200
    units = np.arange(n)
    alarms = 0
    for _ in range(n_files):
        given = table(
            "id,label\n" + "".join(f"x{i},{int(rng.random() < share)}\n" for i in range(n))
        )
        found = label_orders.lines(labels=given, classes=BINARY, unit_of_item=units, kind="iid")
        alarms += any(mend for _, _, mend in found)

    assert alarms <= binom.ppf(1 - 1e-3, n_files, label_orders.ALPHA)


def test_warnings_are_confirmed_one_by_one() -> None:
    found = report(rows(coins(120)), query=60)

    label_report.check_confirmed(report=found, confirmed=["small_shard"])
    with pytest.raises(SealingError, match="each of its warnings, small_shard"):
        label_report.check_confirmed(report=found, confirmed=[])
    with pytest.raises(SealingError, match="does not warn of id_order"):
        label_report.check_confirmed(report=found, confirmed=["small_shard", "id_order"])


def test_every_warning_says_how_to_mend_it() -> None:
    printed = label_report.as_text(report(rows(coins(120)), query=60))

    assert printed.count("WARNING") == printed.count("What to do: ") == 1
    assert "  class  items  query  fresh" in printed


def check(file: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = label_check.main([str(file), *arguments, "--shard=query=100", "--shard=fresh=rest"])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_the_report_is_printed_of_a_file_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "labels.CSV"
    file.write_text(rows(coins(400)))
    classes = ["--classes", "0", "1"]

    assert check(file, *classes, capsys=capsys)[0] == 0
    assert check(file, "--regression", capsys=capsys)[0] == 0
    code, said = check(file, "--regression", "--loss-cap=100", capsys=capsys)
    assert (code, "WARNING loss_cap" in said) == (1, True)
    assert check(file, "--regression", "--stratify", capsys=capsys) == (
        2,
        "only classes can be drawn from separately, and this is a regression\n",
    )
    code, said = check(file, "--classes", "0", "2", capsys=capsys)
    assert (code, "the label is not one of the benchmark's classes 0, 2" in said) == (2, True)
    file.write_text(rows(coins(105)))
    assert check(file, *classes, capsys=capsys) == (
        2,
        "an iid shard needs at least 10 items, and the FRESH shard would have 5: ask for a larger one\n",
    )
    file.write_text(rows(coins(150)))
    code, said = check(file, *classes, capsys=capsys)
    assert (code, "WARNING small_shard" in said) == (1, True)
    missing = tmp_path / "none.csv"
    assert check(missing, *classes, capsys=capsys) == (
        2,
        f"{missing} cannot be read: No such file or directory\n",
    )


def test_it_is_printed_where_there_is_no_django(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(rows(coins(400)))
    code = f"""
import sys
for name in ("django", "rest_framework", "celery", "psycopg", "cryptography"):
    sys.modules[name] = None  # importing it now raises ImportError
from vault.sealing import label_check
sys.exit(label_check.main([{str(file)!r}, "--classes", "0", "1", "--shard=query=100", "--shard=fresh=rest"]))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(BASE_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "400 items" in done.stdout
