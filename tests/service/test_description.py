"""The live service does what its description promises: schemathesis asks it, and finds nothing.

All checks, with the tokens of two teams that may not see each other's things, and without a token.
"""

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from service.processes import PROJECT, Service
from tests.service import description_hooks
from tests.service.staging import Stage, client, csv_file

pytestmark = pytest.mark.service

FIXED_SEED = 20260301
FEW, MANY = 10, 100
# Of valid requests: what the check expects by itself, and that a state is another one than If-Match names.
ACCEPTED = """[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "429", "5xx"]

"""
# Another one each time; a run is repeated by giving its seed.
RANDOM_SEED = int(os.environ.get("DESCRIPTION_SEED", random.SystemRandom().randrange(10**9)))
NOWHERE = "0195a4f0-5b1c-7d8e-9f00-112233445566"


@dataclass(frozen=True, kw_only=True)
class Described:
    """A stage with something behind each kind of address, and the tokens of its two teams."""

    stage: Stage
    paths: dict[str, list[object]]
    cursors: dict[str, list[str]]
    kept_tokens: list[str]


@pytest.fixture
def described(service: Service, stage: Callable[..., Stage]) -> Described:
    slug = f"described-{random.randrange(10**9)}"
    staged = stage(slug, teams=2, total=100_000, concurrent=100_000, publish=1)
    (token, _) = staged.tokens.values()
    kept = [id_of(service, each) for each in staged.tokens.values()]
    with client(service, token) as http:
        given = [handed_in(http, slug, seed) for seed in range(6)]
        tokens = [http.post("tokens/", json={"label": "spare"}).json()["id"] for _ in range(4)]
        hooks = [
            http.post("webhooks/", json={"url": f"{description_hooks.RECEIVER}{n}"}).json()["id"]
            for n in range(4)
        ]
        audits = http.get(f"benchmarks/{slug}/audits/").json()["results"]
        lists = ("benchmarks/", "benchmarks/{slug}/submissions/", "tokens/", "webhooks/")
        cursors = {f"/api/v1/{each}": cursor(http, each.format(slug=slug)) for each in lists}
    return Described(
        stage=staged,
        paths={
            "slug": [slug, "nowhere"],
            "submission_id": [*given, NOWHERE],
            "audit_id": [*(each["id"] for each in audits), description_hooks.NOBODYS],
            "webhook_id": [*hooks, NOWHERE],
            "token_id": [*tokens, description_hooks.NOBODYS],
        },
        cursors=cursors,
        kept_tokens=kept,
    )


def id_of(service: Service, token: str) -> str:
    with client(service, token) as http:
        (current,) = [each["id"] for each in http.get("tokens/").json()["results"]]
    return str(current)


def handed_in(http: httpx.Client, slug: str, seed: int) -> str:
    response = http.post(
        f"benchmarks/{slug}/submissions/",
        content=csv_file(np.random.default_rng(seed)),
        headers={"Content-Type": "text/csv"},
    )
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def cursor(http: httpx.Client, path: str) -> list[str]:
    """One that the list has given, if it is longer than a page: nobody can make one up."""
    following = http.get(path, params={"page_size": 1}).json()["next"]
    return [httpx.URL(following).params["cursor"]] if following else []


def authentication(described: Described) -> str:
    """Two peers in the format of Web Fuzzing Commons: neither may get what is the other's."""
    return json.dumps(
        {
            "auth": [
                {
                    "name": team,
                    "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}],
                }
                for team, token in described.stage.tokens.items()
            ]
        }
    )


def ask(
    service: Service,
    described: Described,
    directory: Path,
    *,
    seed: int,
    n_examples: int,
    has_token: bool,
) -> None:
    """Run schemathesis in a process of its own; it fails with what it found."""
    configuration = directory / "schemathesis.toml"
    configuration.write_text(ACCEPTED)
    if has_token:
        (directory / "auth.json").write_text(authentication(described))
        peers = json.dumps(list(described.stage.tokens))
        path = json.dumps(str(directory / "auth.json"))
        configuration.write_text(f"{ACCEPTED}[auth.wfc]\npath = {path}\npeers = {peers}\n")
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "schemathesis.cli", "--config-file", str(configuration)),
            *("run", f"{service.url}/api/v1/openapi.json", "--checks", "all", "--no-color"),
            *("--seed", str(seed), "--max-examples", str(n_examples), "--continue-on-failure"),
        ],
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "SCHEMATHESIS_HOOKS": description_hooks.__name__,
            description_hooks.STAGED: json.dumps(
                {
                    "paths": described.paths,
                    "cursors": described.cursors,
                    "kept_tokens": described.kept_tokens,
                }
            ),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stdout}\n{done.stderr}"
    for token in described.stage.tokens.values():
        with client(service, token) as http:
            assert http.get("tokens/").status_code == 200, "the questions revoked who asked them"


@pytest.mark.parametrize("has_token", [True, False])
def test_few_questions_find_nothing(
    service: Service, described: Described, tmp_path: Path, has_token: bool
) -> None:
    ask(service, described, tmp_path, seed=FIXED_SEED, n_examples=FEW, has_token=has_token)


def test_page_and_all_that_it_loads_are_served(service: Service) -> None:
    with httpx.Client(base_url=service.url) as http:
        page = http.get("/api/v1/docs/")
        loaded = re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', page.text)
        answers = {path: http.get(path) for path in loaded}

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert len(answers) == 5
    forms = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
    for path, answer in answers.items():
        assert answer.status_code == 200, path
        assert answer.headers["Content-Type"].startswith(forms[Path(path).suffix])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.live
@pytest.mark.parametrize("has_token", [True, False])
@pytest.mark.parametrize("seed", [FIXED_SEED, RANDOM_SEED], ids=["fixed", "random"])
def test_many_questions_find_nothing(
    service: Service,
    described: Described,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    seed: int,
    has_token: bool,
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\nschemathesis: DESCRIPTION_SEED={seed}\n")
    ask(service, described, tmp_path, seed=seed, n_examples=MANY, has_token=has_token)
