"""A benchmark's label files: read as its classes and the ids that it has already ask for."""

from vault import panel
from vault.files import label_tables
from vault.files.columns import Kind
from vault.files.label_tables import SLICE, LabelSpec, LabelTable, period
from vault.models import Benchmark

__all__ = ["SLICE", "LabelTable", "period", "read", "spec_of"]


def read(*, body: bytes, content_type: str, benchmark: Benchmark) -> LabelTable:
    """Read a label file; raise `InvalidFileError`, which says nothing of the labels themselves."""
    return label_tables.read(
        body=body, content_type=content_type, spec=spec_of(benchmark=benchmark)
    )


def spec_of(*, benchmark: Benchmark) -> LabelSpec:
    is_regression = benchmark.task == Benchmark.Task.REGRESSION
    return LabelSpec(
        classes=() if is_regression else tuple(benchmark.classes), id_kind=_id_kind(benchmark)
    )


def _id_kind(benchmark: Benchmark) -> Kind:
    """Ask later batches for ids of the first one's kind."""
    published = panel.latest(benchmark=benchmark)
    if published is None:
        return Kind.KEY
    is_text = published.id_kind == published.IdKind.STRING
    return Kind.TEXT if is_text else Kind.INTEGER
