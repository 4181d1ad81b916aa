"""Invariant 5: before publication, everything that a team can read is a function of releases.

Two worlds with other labels, in which every release is the same: each answer of the API, on every
route that reads and on those that write, must be the same byte for byte. What is random in each world
(ids, hashes of salted labels, times) is replaced by its place of first appearance.
"""

import datetime as dt
import re
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db.models.functions import Length
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern
from numpy.typing import NDArray

from config import urls
from tests.vault.corrected import ask_to_replace, reseal, score_again
from tests.vault.factories import World, acting_as, make_world
from tests.vault.signing import make_signing_key, signed
from vault import rounds
from vault.api import representations
from vault.models import Benchmark, RawScore, Release, Submission
from vault.teams import tokens
from webhooks import messages, outbox
from webhooks.models import Webhook, WebhookDelivery

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site", "signing")]

N_QUERY, N_FRESH = 200, 400
RANDOM = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # ids
    r"|\b[0-9a-f]{64}\b"  # commitments
    r'|(?<=ETag: ")[0-9a-f]{32}\b'  # of a submission's id and state
    r'|hv_[\w-]+|(?<="id":)\d+|(?<="made_by":)\d+|(?<=tokens/)\d+'  # tokens
    r'|(?<="signature":")[\w+/]{86}=='  # of a journal's head; its number is compared
    r"|\b[0-9a-f]{16}-\d+-[0-9a-f]{32}\b"  # that head's ETag
    r"|whsec_[\w+/]+=*"  # secrets of webhooks
    r"|\d{4}-\d\d-\d\dT[0-9:.]+Z"  # times
)
PAGES = ("", "board/", "submit/", "badge.svg", "rounds/1/audit/")
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
FAR_AHEAD = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
# What no team is told anything by: probes, the description, the meanings of codes, links to a first token.
NOT_FOR_TEAMS = {
    *("healthz", "readyz", "problem-type"),
    *("description-json", "description-yaml", "description-page"),
    *("token-link-page", "token-link"),
    # A label provider delivers there, and hears of its own batches.
    *("batches", "batch"),
}


@pytest.fixture(autouse=True)
def _signing_key(vault_keys: None, tmp_path: Path, settings: Any) -> None:
    make_signing_key(directory=tmp_path, settings=settings, now=LONG_AGO)


@dataclass(kw_only=True)
class Reader:
    """Asks the API and writes down every answer, with its headers, as text that two worlds may share."""

    world: World
    token: str
    slug: str
    seen: dict[str, str] = field(default_factory=dict)
    transcript: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, **options: Any) -> HttpResponse:
        client = Client(headers={"Authorization": f"Bearer {self.token}"} if self.token else {})
        with acting_as("web"):
            address = path if path.startswith("/") else f"/api/v1/{path}"
            response: Any = client.generic(method, address, **options)
        self.asked.add(response.resolver_match.url_name)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        told = dict(sorted(response.items()))
        # The length of what is compared anyhow; numbers of tokens may have a digit more.
        assert int(told.pop("Content-Length", len(body))) == len(body)
        headers = "\n".join(f"{name}: {value}" for name, value in told.items())
        text = f"{method} {path}\n{response.status_code}\n{headers}\n{body.decode('latin-1')}"
        self.write_down(text)
        found: HttpResponse = response
        return found

    def write_down(self, text: str) -> None:
        self.transcript.append(RANDOM.sub(self._named, text.replace(self.slug, "SLUG")))

    def _named(self, match: re.Match[str]) -> str:
        return self.seen.setdefault(match[0], f"<{len(self.seen)}>")


def csv_of(answers: NDArray[np.uint8]) -> bytes:
    rows = "".join(f"item-{i:05d},{v}\n" for i, v in enumerate(answers.tolist()))
    return ("id,label\n" + rows).encode()


def query_positions(seed: int) -> NDArray[np.int64]:
    """Which items `make_world` draws for the query holdout, as an organizer knows it."""
    rng = np.random.default_rng(seed)
    rng.integers(2, size=N_QUERY + N_FRESH)
    return np.sort(rng.permutation(N_QUERY + N_FRESH)[:N_QUERY]).astype(np.int64)


def labels_of(variant: int, *, seed: int) -> NDArray[np.uint8]:
    """60 % ones among the query items, whose places and the fresh labels differ between variants."""
    rng = np.random.default_rng([505, seed, variant])
    labels = rng.integers(2, size=N_QUERY + N_FRESH).astype(np.uint8)
    query = np.arange(N_QUERY) < 0.6 * N_QUERY
    labels[query_positions(seed)] = rng.permutation(query.astype(np.uint8))
    return labels


def files_for(mechanism: str, *, seed: int) -> list[NDArray[np.uint8]]:
    """Constant files, whose score is known; then, for the Ladder, random ones, which are worse."""
    size = N_QUERY + N_FRESH
    constant = [np.zeros(size, np.uint8), np.ones(size, np.uint8)]
    if mechanism != "guarded_ladder":
        return constant
    rng = np.random.default_rng([506, seed])
    return [*constant, *(rng.integers(2, size=size).astype(np.uint8) for _ in range(4))]


def corrections_of(variant: int, *, seed: int) -> dict[int, int]:
    """New labels of all items: 70 % ones among the query items, whose places differ between variants."""
    rng = np.random.default_rng([507, seed, variant])
    labels = rng.integers(2, size=N_QUERY + N_FRESH)
    labels[query_positions(seed)] = rng.permutation(np.arange(N_QUERY) < 0.7 * N_QUERY)
    return dict(enumerate(labels.tolist()))


def play(
    variant: int, *, mechanism: str, seed: int, is_corrected: bool = False
) -> tuple[Reader, list[float]]:
    slug = f"leak-{mechanism.replace('_', '-')}-{seed}-{variant}"
    world = make_world(
        slug,
        n_query=N_QUERY,
        n_fresh=N_FRESH,
        mechanism=mechanism,
        seed=seed,
        labels=labels_of(variant, seed=seed),
        total_limit=10,
        closes_at=FAR_AHEAD,  # the API goes by the real clock
    )
    # Nobody else's benchmark is on the list.
    Benchmark.objects.filter(pk=world.benchmark.pk).update(visibility=Benchmark.Visibility.PRIVATE)
    world.open(baseline=np.zeros(N_QUERY + N_FRESH, np.uint8))
    team, rival = world.team("team"), world.team("rival")
    world.answered(rival, np.ones(N_QUERY + N_FRESH, np.uint8))
    _, token = tokens.issue(
        team=team, label="", scopes=["read", "submit"], expires_at=None, now=world.now
    )
    reader = Reader(world=world, token=token, slug=slug)
    for answers in files_for(mechanism, seed=seed):
        _submit_and_look(reader, answers)
    signed(world.benchmark, world.now)
    if is_corrected:
        assert reseal(ask_to_replace(world, corrections_of(variant, seed=seed)))
        _look_everywhere(reader)
        assert score_again() == [True]
    _look_everywhere(reader)
    rounds.request_close(round=world.round, actor="test", now=world.now)
    rounds.close(round=world.round, actor="test", now=world.now)
    signed(world.benchmark, world.now)
    _look_everywhere(reader)
    raw = RawScore.objects.filter(submission__team=team).order_by("submission__sequence")
    return reader, list(raw.values_list("value", flat=True))


def _submit_and_look(reader: Reader, answers: NDArray[np.uint8]) -> None:
    post = {"content_type": "text/csv", "data": csv_of(answers)}
    reader.ask("POST", f"benchmarks/{reader.slug}/validate/", **post)
    reader.ask("POST", f"benchmarks/{reader.slug}/submissions/", **post)
    newest = Submission.objects.filter(team__name__endswith="-team").latest("pk")
    reader.ask("GET", f"submissions/{newest.pk}/")
    reader.world.score(newest)
    reader.ask("POST", f"benchmarks/{reader.slug}/submissions/", **post)
    reader.ask("POST", f"submissions/{newest.pk}/final/")
    reader.ask("DELETE", f"submissions/{newest.pk}/")


def _look_everywhere(reader: Reader) -> None:
    benchmark = f"benchmarks/{reader.slug}/"
    broken = csv_of(np.full(N_QUERY + N_FRESH, 7, np.uint8))
    reader.ask("POST", f"{benchmark}submissions/", content_type="text/csv", data=broken)
    for path in (
        *("", "benchmarks/", benchmark, f"{benchmark}rounds/", f"{benchmark}panel/"),
        *(f"{benchmark}panel/?format=parquet", f"{benchmark}submissions/", f"{benchmark}budget/"),
        *(f"{benchmark}leaderboard/", f"{benchmark}leaderboard/?format=csv"),
        *(f"{benchmark}audits/", "audits/1/"),
        # Nothing is there: neither is disclosed.
        *(
            f"{benchmark}holdouts/{each.pk}/labels/"
            for each in (reader.world.query, reader.world.fresh)
        ),
        *(f"{benchmark}audits/", "audits/1/", "signing-keys/", f"{benchmark}sealing-keys/"),
        # Not while a shard of it is shut.
        f"{benchmark}draws/{reader.world.query.batch}/",
        # No labels are awaited: a round without rows, and no holdout that waits.
        *(
            f"{benchmark}rounds/{reader.world.round.number}/prospective/",
            f"{benchmark}prospective/{reader.world.query.pk}/",
        ),
        *(f"{benchmark}journal/head/", f"{benchmark}journal/heads/", "journal/head/"),
        # The pages for people say the same, and no more.
        *(f"/{benchmark}{each}" for each in PAGES),
        *("/", "/publications.atom"),
    ):
        reader.ask("GET", path)
        reader.ask("OPTIONS", path)
    _look_at_webhooks(reader)
    made: Any = reader.ask("POST", "tokens/")
    reader.ask("GET", "tokens/")
    reader.ask("POST", f"tokens/{made.json()['id']}/rotate/")
    reader.ask("DELETE", f"tokens/{made.json()['id']}/")
    for submission in Submission.objects.filter(round=reader.world.round).order_by("pk"):
        reader.ask("GET", f"submissions/{submission.pk}/")
        reader.ask("GET", f"submissions/{submission.pk}/file/")
    reader.ask("POST", f"submissions/{submission.pk}/withdraw/")


def _look_at_webhooks(reader: Reader) -> None:
    """Their messages too, of all that has happened so far."""
    address = b'{"url": "https://ci.example.org/"}'
    json = {"content_type": "application/json", "data": address}
    made: Any = reader.ask("POST", "webhooks/", **json)
    webhook = f"webhooks/{made.json()['id']}/"
    Webhook.objects.update(created_at=LONG_AGO, noted_until=LONG_AGO)
    with acting_as("web"):
        outbox.note_events(now=reader.world.now)
        told = WebhookDelivery.objects.select_related("webhook__team")
        # Numbers of answers may have a digit more.
        for delivery in told.order_by("event", Length("subject"), "subject"):
            content = messages.content(delivery=delivery) or b"nothing"
            reader.write_down(f"{delivery.event}\n{content.decode()}")
    reader.ask("POST", f"{webhook}rotate/")
    reader.ask("POST", f"{webhook}test/")
    for path in ("webhooks/", webhook, f"{webhook}deliveries/"):
        reader.ask("GET", path)
    reader.ask("DELETE", webhook)


def visible(reader: Reader) -> list[tuple[float | None, str]]:
    released = Release.objects.filter(submission__round=reader.world.round)
    return sorted(released.values_list("value", "outcome"), key=str)


@pytest.mark.parametrize(
    ("mechanism", "seed"),
    # Seeds of which both worlds happen to release the same.
    [("exact", 1), ("rounded", 4), ("guarded_ladder", 1), ("guarded_ladder", 5)],
)
def test_other_labels_with_equal_releases_give_equal_answers(mechanism: str, seed: int) -> None:
    first, first_scores = play(1, mechanism=mechanism, seed=seed)
    second, second_scores = play(2, mechanism=mechanism, seed=seed)

    # The worlds differ where they should, and nowhere that is released.
    assert (labels_of(1, seed=seed) != labels_of(2, seed=seed)).mean() > 0.3
    assert visible(first) == visible(second)
    if mechanism == "guarded_ladder":
        assert first_scores != second_scores
    assert first.transcript == second.transcript


@pytest.mark.parametrize(("mechanism", "seed"), [("exact", 4), ("guarded_ladder", 23)])
def test_a_correction_tells_no_more_than_its_answers(
    mechanism: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waits and once it counts: other labels were wrong, in other holdouts."""
    # When a token was used is told by the minute, and a slow machine may need more than one.
    monkeypatch.setattr(tokens, "LAST_USED_PRECISION", dt.timedelta(days=1))
    first, first_scores = play(1, mechanism=mechanism, seed=seed, is_corrected=True)
    second, second_scores = play(2, mechanism=mechanism, seed=seed, is_corrected=True)

    assert corrections_of(1, seed=seed) != corrections_of(2, seed=seed)
    assert visible(first) == visible(second)
    if mechanism == "guarded_ladder":
        assert first_scores != second_scores
    assert first.transcript == second.transcript
    assert any('"superseded":[{' in each for each in first.transcript)


def test_every_route_is_read() -> None:
    """A route that is added must be looked at here too."""
    reader, _ = play(1, mechanism="exact", seed=3)

    routes = {route.name for route in urls.urlpatterns if isinstance(route, URLPattern)}
    assert routes - NOT_FOR_TEAMS == reader.asked


def test_comparison_would_notice_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the API show a raw score: the transcripts must differ."""
    honest = representations.submission

    def leaking(given: Submission) -> dict[str, Any]:
        raw = RawScore.objects.filter(submission=given).first()
        return {**honest(given), "note": raw.value if raw else None}

    monkeypatch.setattr(representations, "submission", leaking)
    monkeypatch.setattr(sys.modules[__name__], "acting_as", nullcontext)

    first, _ = play(1, mechanism="guarded_ladder", seed=1)
    second, _ = play(2, mechanism="guarded_ladder", seed=1)

    assert first.transcript != second.transcript
