"""A benchmark's label files: read as its classes and the ids that it has already ask for."""

import pyarrow as pa

from vault import panel
from vault.files import label_tables
from vault.files.columns import Kind
from vault.files.label_tables import LabelTable
from vault.models import Benchmark, Panel

# Later batches have ids of the first one's kind.
_KINDS = {Panel.IdKind.STRING: Kind.TEXT, Panel.IdKind.INTEGER: Kind.INTEGER}


def read(
    *, body: bytes, content_type: str, benchmark: Benchmark, among: pa.Array | None = None
) -> LabelTable:
    """Read a label file; raise `InvalidFileError`, which says nothing of the labels themselves.

    With `among` it may have these items alone.
    """
    published = panel.latest(benchmark=benchmark)
    is_regression = benchmark.task == Benchmark.Task.REGRESSION
    return label_tables.read(
        body=body,
        content_type=content_type,
        classes=() if is_regression else tuple(benchmark.classes),
        id_kind=id_kind_of(published) if published else Kind.KEY,
        among=among,
    )


def id_kind_of(published: Panel) -> Kind:
    """Say how the ids of a panel are read."""
    return _KINDS[Panel.IdKind(published.id_kind)]
