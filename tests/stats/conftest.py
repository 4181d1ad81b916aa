"""These tests run where nothing but the statistics' own dependencies is installed."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# As of all tests; those of another folder are not read where these run alone.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260301)
