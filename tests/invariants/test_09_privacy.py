"""Invariant 9: a team reads nothing of another team beyond the public leaderboard.

Every route of the API with every method, as everybody. The routes are read from the URL file, so one
that is added without a line in the table fails here.
"""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from config import urls
from tests.vault.disclosed_holdouts import written
from tests.vault.factories import acting_as, make_world
from vault.models import (
    Benchmark,
    BudgetEntry,
    Final,
    SignedHead,
    SigningKey,
    Submission,
    Team,
)
from vault.sealing import awaited
from vault.teams import tokens
from webhooks import subscriptions
from webhooks.models import Webhook, WebhookDelivery

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site", "signing")]

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
FAR_AHEAD = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
SECRET = "owner-model-7"
NOBODY = ("anonymous", "garbled", "revoked", "expired", "organiser")
TEAMS = ("outsider", "rival", "reader", "writer", "owner")

# What teams get: an outsider of the private benchmark, a rival in the round, and three tokens of the
# owner: read only, submit only, both. Left out: 405 for who may pass, 401 for who is nobody.
READ = {"outsider": 404, "rival": 200, "reader": 200, "writer": 403, "owner": 200}
PUBLIC = {"outsider": 404, "rival": 200, "reader": 200, "writer": 200, "owner": 200}
OWN = {"outsider": 404, "rival": 404, "reader": 200, "writer": 403, "owner": 200}
# A body without a length: 411 is the answer to somebody who is let in.
FILE = {"outsider": 404, "rival": 411, "reader": 403, "writer": 411, "owner": 411}
CHANGE = {"outsider": 404, "rival": 404, "reader": 403, "writer": 200, "owner": 200}
EVERYBODY = dict.fromkeys((*NOBODY, *TEAMS), 200)

ALLOWED: dict[str, dict[str, dict[str, int]]] = {
    "healthz": {"GET": EVERYBODY},
    "readyz": {"GET": EVERYBODY},
    "problem-type": {"GET": EVERYBODY},
    "description-json": {"GET": EVERYBODY},
    "description-yaml": {"GET": EVERYBODY},
    "description-page": {"GET": EVERYBODY},
    "token-link-page": {"GET": EVERYBODY},
    # Whoever holds a link needs no token; nobody here holds one.
    "token-link": {"POST": dict.fromkeys((*NOBODY, *TEAMS), 422)},
    "entrance": {"GET": {**dict.fromkeys(TEAMS, 200), "anonymous": 200, "organiser": 200}},
    "entrance-json": {"GET": {**dict.fromkeys(TEAMS, 200), "anonymous": 200, "organiser": 200}},
    **{
        page: {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}}
        for page in ("benchmark-page", "board-page", "submit-page", "badge")
    },
    # Nothing is published yet: a feed without entries.
    "audit-page": {"GET": {**dict.fromkeys(TEAMS, 404), "anonymous": 404, "organiser": 404}},
    "publications": {"GET": {**dict.fromkeys(TEAMS, 200), "anonymous": 200, "organiser": 200}},
    "benchmarks": {"GET": {**dict.fromkeys(TEAMS, 200), "anonymous": 200, "organiser": 200}},
    "benchmark": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    "rounds": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    "panel": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    # Of a private benchmark: disclosed to those who see it.
    "disclosed-labels": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    "sealing-keys": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    # Of draws that nobody may see yet, everybody sees as much.
    "disclosed-draw": {"GET": {**dict.fromkeys(TEAMS, 404), "anonymous": 404, "organiser": 404}},
    "leaderboard": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    "audits": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    "journal-head": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    "journal-heads": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    # Of no benchmark: as the keys, for everybody.
    "installation-head": {"GET": {**dict.fromkeys(TEAMS, 200), "anonymous": 200, "organiser": 200}},
    "signing-keys": {"GET": {**dict.fromkeys(TEAMS, 200), "anonymous": 200, "organiser": 200}},
    "prospective": {"GET": {**PUBLIC, "anonymous": 404, "organiser": 404}},
    # No team delivers labels, whatever its scopes, and nobody else's token is looked for.
    "batches": {"POST": dict.fromkeys(TEAMS, 403)},
    "batch": {"GET": dict.fromkeys(TEAMS, 403)},
    # Nothing is published yet.
    "prospective-results": {
        "GET": {**dict.fromkeys(TEAMS, 404), "anonymous": 404, "organiser": 404}
    },
    "audit": {"GET": {**dict.fromkeys(TEAMS, 404), "anonymous": 404, "organiser": 404}},
    "validate": {"POST": FILE},
    "submissions": {"GET": READ, "POST": FILE},
    "budget": {"GET": READ},
    "submission": {"GET": OWN, "DELETE": {**CHANGE, "writer": 409, "owner": 409}},
    "submission-file": {"GET": OWN},
    "submission-final": {"POST": CHANGE},
    "submission-withdraw": {"POST": CHANGE},
    "tokens": {
        "GET": {**dict.fromkeys(TEAMS, 200), "writer": 403},
        "POST": {**dict.fromkeys(TEAMS, 201), "reader": 403},
    },
    "webhooks": {
        "GET": {**dict.fromkeys(TEAMS, 200), "writer": 403},
        # Nothing is said of the address yet: who may pass learns that one is missing.
        "POST": {**dict.fromkeys(TEAMS, 422), "reader": 403},
    },
    "webhook-deliveries": {"GET": OWN},
    "webhook-rotate": {"POST": {**CHANGE, "writer": 200, "owner": 200}},
    "webhook-test": {"POST": {**CHANGE, "writer": 202, "owner": 202}},
    "webhook": {"GET": OWN, "DELETE": {**CHANGE, "writer": 204, "owner": 204}},
    # Of a token that the caller has not made: only it may rotate itself.
    "token-rotate": {"POST": {**OWN, "reader": 403, "writer": 403, "owner": 403}},
    "token": {"DELETE": {**OWN, "reader": 403, "writer": 403, "owner": 204}},
}
ROUTES = [route for route in urls.urlpatterns if isinstance(route, URLPattern)]


class House:
    """A private benchmark with the owner's scored submission, and everybody who knocks."""

    def __init__(self) -> None:
        self.world = make_world("house", closes_at=FAR_AHEAD)
        everybody = Benchmark.objects.filter(pk=self.world.benchmark.pk)
        everybody.update(visibility=Benchmark.Visibility.PRIVATE)
        self.world.open()
        self.disclosed_id = written(self.world.fresh).holdout_id
        self.awaited = awaited.publish_items(
            benchmark=self.world.benchmark,
            ids=pa.array(["later"]),
            mature_share=1.0,
            mature_at=None,
            actor="olivia",
            now=self.world.now,
        )
        self.owner = self.world.team("owner")
        self.submission = self.world.answered(self.owner, self.world.wrong_at(range(9)))
        Submission.objects.filter(pk=self.submission.pk).update(model_name=SECRET)
        outsider, rival = Team.objects.create(name="outsider"), self.world.team("rival")
        now = timezone.now()
        both = ("read", "submit")
        key = SigningKey.objects.create(kid="1" * 64, generation=1, created_at=now)
        benchmark = self.world.benchmark
        for of, slug in ((benchmark, benchmark.slug), (None, "@installation")):
            SignedHead.objects.create(
                benchmark=of, slug=slug, number=1, hash="0" * 64, signed_at=now, key=key
            )
        # One more of the owner's, with both scopes, for whoever tries to take it away.
        self.spare, _ = tokens.issue(
            team=self.owner, label="", scopes=both, expires_at=None, now=self.world.now
        )
        self.webhook = subscriptions.register(
            team=self.owner,
            url=f"https://{SECRET}.example.org/",
            events=subscriptions.EVENTS,
            now=now,
        )
        self.tokens = {
            "garbled": "hv_" + "x" * 43,
            "revoked": self._token(self.owner, both, revoked_at=now),
            "expired": self._token(self.owner, both, expires_at=now - dt.timedelta(seconds=1)),
            "outsider": self._token(outsider, both),
            "rival": self._token(rival, both),
            "reader": self._token(self.owner, ("read",)),
            "writer": self._token(self.owner, ("submit",)),
            "owner": self._token(self.owner, both),
        }

    def _token(self, team: Team, scopes: tuple[str, ...], **changes: dt.datetime) -> str:
        token, plain = tokens.issue(
            team=team, label="", scopes=scopes, expires_at=None, now=self.world.now
        )
        for name, value in changes.items():
            setattr(token, name, value)
        token.save()
        return plain

    def client_of(self, who: str) -> Client:
        if who == "organiser":
            # The API knows no sessions: a person of the admin is nobody here.
            client = Client()
            user = User.objects.get_or_create(username="organiser", is_superuser=True)[0]
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            return client
        token = self.tokens.get(who)
        return Client(headers={"Authorization": f"Bearer {token}"} if token else {})

    def path_of(self, route: str) -> str:
        arguments: dict[str, list[Any]] = {
            "healthz": [],
            "readyz": [],
            "installation-head": [],
            "benchmarks": [],
            "problem-type": ["not_found"],
            **{f"description-{form}": [] for form in ("json", "yaml", "page")},
            **{f"entrance{form}": [] for form in ("", "-json")},
            "token-link-page": [],
            "token-link": [],
            "disclosed-draw": [self.world.benchmark.slug, self.world.query.batch],
            "prospective": [self.world.benchmark.slug, self.awaited.pk],
            "batches": [self.world.benchmark.slug, self.awaited.pk],
            "batch": [self.world.benchmark.slug, self.awaited.pk, self.awaited.pk],
            "prospective-results": [self.world.benchmark.slug, self.world.round.number],
            "disclosed-labels": [self.world.benchmark.slug, self.disclosed_id],
            "audit": [1],
            "audit-page": [self.world.benchmark.slug, self.world.round.number],
            "publications": [],
            "signing-keys": [],
            "tokens": [],
            "token": [self.spare.pk],
            "token-rotate": [self.spare.pk],
            "webhooks": [],
            **{
                f"webhook{act}": [self.webhook.pk]
                for act in ("", "-deliveries", "-rotate", "-test")
            },
        }
        own = (
            [self.submission.pk] if route.startswith("submission") else [self.world.benchmark.slug]
        )
        if route == "submissions":
            own = [self.world.benchmark.slug]
        return reverse(route, args=arguments.get(route, own))

    def knock(self, who: str, method: str, route: str) -> Any:
        client = self.client_of(who)
        with acting_as("web"):
            return client.generic(method, self.path_of(route))


@pytest.fixture
def house(vault_keys: None, api_site: None, signing: None) -> House:
    return House()


def expected(route: str, method: str, who: str) -> set[int]:
    methods = ALLOWED[route]
    if method in methods:
        return {methods[method].get(who, 401)}
    if method == "HEAD" and "GET" in methods:
        return {methods["GET"].get(who, 401)}
    # Not offered: 405, or what keeps this caller from asking at all; OPTIONS tells who may pass.
    return {401, 403, 405} | ({200} if method == "OPTIONS" else set())


def test_table_names_every_route() -> None:
    assert {route.name for route in ROUTES} == set(ALLOWED)


@pytest.mark.parametrize("who", [*NOBODY, *TEAMS])
def test_every_route_with_every_method(house: House, who: str) -> None:
    wrong = []
    for route in ALLOWED:
        for method in METHODS:
            response = house.knock(who, method, route)
            if response.status_code not in expected(route, method, who):
                wrong.append((route, method, response.status_code))
            if response.status_code >= 400 and method != "HEAD":
                problem = response.json()
                assert response["Content-Type"] == "application/problem+json"
                assert problem["status"] == response.status_code
                assert problem["code"]
    assert wrong == []


@pytest.mark.parametrize("who", ["anonymous", "outsider", "rival"])
def test_nothing_of_the_owner_is_in_any_answer_to_another(house: House, who: str) -> None:
    secrets = (str(house.submission.pk), str(house.webhook.pk), house.submission.sha256, SECRET)
    for route in ALLOWED:
        for method in METHODS:
            response = house.knock(who, method, route)
            content = response.content.decode("latin-1") + str(dict(response.items()))
            for secret in secrets:
                # The address that was asked for may stand in an error; nothing else may.
                assert secret not in content.replace(house.path_of(route), "")


@pytest.mark.parametrize("who", [*NOBODY, "outsider", "rival", "reader"])
def test_nobody_else_changes_anything_of_the_owner(house: House, who: str) -> None:
    def state() -> list[Any]:
        row = Submission.objects.filter(pk=house.submission.pk).values().get()
        webhook = Webhook.objects.filter(pk=house.webhook.pk).values().get()
        counts = [each.objects.count() for each in (Final, BudgetEntry, Webhook, WebhookDelivery)]
        return [row, webhook, *counts]

    before = state()
    for route in ALLOWED:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            house.knock(who, method, route)

    assert state() == before


def test_the_same_file_of_a_rival_is_its_own(house: House) -> None:
    """No memo across teams: a guess at another's predictions is not confirmed."""
    rival = house.world.teams["rival"]
    receipt = house.world.submit(rival, house.world.wrong_at(range(9)))

    assert receipt.is_new
    assert receipt.submission.sha256 == house.submission.sha256
    assert receipt.submission.pk != house.submission.pk


def test_budget_is_ones_own(house: House) -> None:
    for seed in range(3):
        answers = np.random.default_rng(seed).integers(2, size=300).astype(np.uint8)
        house.world.answered(house.owner, answers)

    response = house.knock("rival", "GET", "budget")

    assert response.json()["total"]["used"] == 0
