"""These tests run where nothing but the statistics' own dependencies is installed."""

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260301)
