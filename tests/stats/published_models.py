"""The 30 published CIFAR-10 models: their answers on the original test set and on the new ones."""

import csv
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.stats.reference_data import reference_file


@dataclass(frozen=True, kw_only=True)
class PublishedModels:
    """`names` in order of original accuracy; per-item correctness, shape (items, 30), of each set."""

    names: list[str]
    original: NDArray[np.bool_]
    v4: NDArray[np.bool_]
    v6: NDArray[np.bool_]

    def of(self, name: str) -> int:
        return self.names.index(name)


def published_models() -> PublishedModels:
    """Skips the test where the file is absent."""
    path = reference_file("cifar10_1_predictions.npz")
    with np.load(path) as given:
        sets = {
            name: (given[f"pred_{name}"] == given[f"labels_{name}"]).T
            for name in ("original", "v4", "v6")
        }
        names = [str(each) for each in given["models"]]
    return PublishedModels(names=names, **sets)


def published_accuracies() -> dict[str, dict[str, float]]:
    with reference_file("cifar10_1_accuracies.csv").open() as file:
        return {
            row["model"]: {key: float(row[key]) for key in ("acc_orig", "acc_v4", "acc_v6")}
            for row in csv.DictReader(file)
        }
