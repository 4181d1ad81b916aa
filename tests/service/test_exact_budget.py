"""Invariant 1: N parallel submissions against a budget of B give exactly B acceptances."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.processes import Service
from tests.service.staging import Stage, client, csv_file

pytestmark = pytest.mark.service

BUDGET = 20
N_POSTS = 160


def test_160_parallel_posts_against_a_budget_of_20_give_exactly_20(
    service: Service, stage: Callable[..., Stage]
) -> None:
    """Two web processes with four threads each serve sixteen posting threads."""
    staged = stage("exact-budget", total=BUDGET)
    (token,) = staged.tokens.values()
    rng = np.random.default_rng(1)
    files = [csv_file(rng) for _ in range(N_POSTS)]

    def post(body: bytes) -> tuple[int, str | None]:
        with client(service, token) as http:
            while True:
                response = http.post(
                    f"benchmarks/{staged.slug}/submissions/",
                    content=body,
                    headers={"Content-Type": "text/csv"},
                )
                if response.status_code != 503:  # the parser's backlog is not the budget
                    return response.status_code, response.json().get("code")

    with ThreadPoolExecutor(16) as pool:
        answers = Counter(pool.map(post, files))

    assert answers == {
        (202, None): BUDGET,
        (429, "budget_total_exhausted"): N_POSTS - BUDGET,
    }
    with client(service, token) as http:
        budget = http.get(f"benchmarks/{staged.slug}/budget/").json()
    assert budget["total"]["used"] == BUDGET
