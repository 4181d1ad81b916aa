"""Stored predictions: canonical bytes under their own SHA-256, in Django storage."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vault import panel as panels
from vault.files import canonical, content_files
from vault.files.canonical import Predictions
from vault.files.columns import Kind
from vault.files.parsing import FileSpec
from vault.models import Benchmark, Submission


def store(*, predictions: Predictions) -> str:
    """Store the file and give its key, the same for the same predictions."""
    return content_files.store(
        directory="predictions",
        content=predictions.canonical,
        sha256=predictions.sha256,
        suffix=".bin",
    )


def remove(*, file_key: str) -> None:
    """Remove a file; the caller knows that no submission needs it any more."""
    content_files.remove(file_key=file_key)


def load(*, file_key: str) -> NDArray[np.generic]:
    """Predictions in panel order: class codes, or float64 of shape (n,) or (n, classes)."""
    return canonical.decode(content_files.load(file_key=file_key))


def spec(benchmark: Benchmark) -> FileSpec:
    """Say what the benchmark's prediction files must hold."""
    return FileSpec(
        form=benchmark.prediction_form, task=benchmark.task, classes=tuple(benchmark.classes)
    )


def table(*, submission: Submission) -> pa.Table:
    """Rebuild the submission's file as it was understood: handed in again, it is the same predictions."""
    values = load(file_key=submission.file_key)
    wanted = spec(submission.round.benchmark)
    columns = {"id": panels.ids(submission.round.panel)}
    for name, column in zip(wanted.value_columns, values.reshape(len(values), -1).T, strict=True):
        if wanted.of.kind is Kind.CATEGORY:
            codes = pa.array(column.astype(np.int32))
            labels = pa.DictionaryArray.from_arrays(codes, pa.array(wanted.classes, pa.string()))
            columns[name] = labels.cast(pa.string())
        else:
            columns[name] = pa.array(np.ascontiguousarray(column, dtype=np.float64))
    return pa.table(columns)
