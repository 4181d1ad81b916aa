from pathlib import Path

import pyarrow as pa
import pytest
from pytest_django import Settings

from vault import panel
from vault.errors import SealingError
from vault.models import Benchmark

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Settings) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


@pytest.fixture
def benchmark_row() -> Benchmark:
    return Benchmark.objects.create(
        slug="weather",
        title="Weather",
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy_score",
    )


def test_publish_sorts_a_batch_and_appends_later_ones(benchmark_row: Benchmark) -> None:
    first = panel.publish(benchmark=benchmark_row, ids=pa.array([30, 10, 20]))
    second = panel.publish(benchmark=benchmark_row, ids=pa.array([15, 5]))

    assert panel.ids(first).to_pylist() == [10, 20, 30]
    assert panel.ids(second).to_pylist() == [10, 20, 30, 5, 15]
    assert (first.version, second.version, second.n_items) == (1, 2, 5)
    assert second.id_kind == "integer"
    assert panel.latest(benchmark=benchmark_row) == second


def test_publish_sorts_text_by_its_bytes(benchmark_row: Benchmark) -> None:
    published = panel.publish(benchmark=benchmark_row, ids=pa.array(["é", "b", "a10", "a9", "B"]))

    assert panel.ids(published).to_pylist() == ["B", "a10", "a9", "b", "é"]
    assert published.id_kind == "string"


def test_ids_are_read_once(benchmark_row: Benchmark) -> None:
    published = panel.publish(benchmark=benchmark_row, ids=pa.array([1, 2]))

    assert panel.ids(published) is panel.ids(published)


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([], pa.int64()),
        pa.array([1, 1]),
        pa.array([1, None]),
        pa.array([0.5]),
        pa.array(["a", ""]),
        pa.array(["a", " b"]),
        pa.array(["a\nb"]),
        pa.array(["a" * 201]),
        pa.array(["seven"]),
        pa.array([7]),
    ],
)
def test_publish_refuses_ids(benchmark_row: Benchmark, ids: pa.Array) -> None:
    panel.publish(benchmark=benchmark_row, ids=pa.array([7, 8]))

    with pytest.raises(SealingError):
        panel.publish(benchmark=benchmark_row, ids=ids)
    assert panel.latest(benchmark=benchmark_row).version == 1  # type: ignore[union-attr]
