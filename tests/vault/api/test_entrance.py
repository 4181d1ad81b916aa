"""Where people and programs begin: each is told what there is, in the form that it reads."""

import datetime as dt
from typing import Any

import jsonschema
import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, problem
from tests.vault.factories import World
from vault import rounds, sentences
from vault.api.representations.entrance import ENTRANCE, LINKS, MAX_SHOWN
from vault.models import Benchmark, Round

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


def entrance(path: str = "/", accept: str = BROWSER, caller: Caller | None = None) -> Any:
    return (caller or Caller()).ask("GET", path, headers={"Accept": accept})


@pytest.mark.parametrize(
    ("path", "accept", "is_page"),
    [
        *(("/", BROWSER, True), ("/", "*/*", True), ("/", "application/json", False)),
        *(("/?format=json", BROWSER, False), ("/api/v1/?format=html", "*/*", True)),
        *(("/api/v1/", BROWSER, True), ("/api/v1/", "*/*", False), ("/api/v1/", "", False)),
    ],
)
def test_people_get_a_page_and_programs_json(path: str, accept: str, is_page: bool) -> None:
    response = entrance(path, accept)

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html" if is_page else "application/json")
    assert response["Vary"] == "Accept, Authorization"


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/html; q*=bogus''x",
        "*/*; q*=punycode''%FF",
        "text/html; x*0*=bogus''a; x*1=b",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/benchmarks/weather/panel/"])
def test_other_forms_are_not_to_be_had(world: World, path: str, accept: str) -> None:
    """A parameter in an encoding that nobody knows was an error of the server."""
    assert problem(entrance(path, accept)) == (406, "not_acceptable")


def test_links_lead_somewhere(world: World) -> None:
    """Without a token: to a page, or to the demand for one."""
    shown = entrance("/api/v1/", "*/*").json()
    assert shown["links"] == LINKS
    (there,) = shown["open_benchmarks"]
    assert (there["slug"], there["round"]) == ("weather", 1)

    addresses = [*LINKS.values(), there["benchmark"], there["leaderboard"]]

    assert {Caller().ask("GET", each).status_code for each in addresses} == {200, 401}


def test_answer_is_as_described(world: World) -> None:
    """With an open benchmark in it; the example of the description keeps to the same schema."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ENTRANCE.schema}
    shown = entrance("/api/v1/", "*/*").json()

    for each in (shown, ENTRANCE.example):
        jsonschema.Draft202012Validator(schema).validate(each)
        assert list(each) == list(ENTRANCE.fields)
    (there,) = shown["open_benchmarks"]
    closes_at = world.round.closes_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    assert there == {
        "slug": "weather",
        "title": world.benchmark.title,
        "round": 1,
        "closes_at": closes_at,
        "benchmark": "/api/v1/benchmarks/weather/",
        "leaderboard": "/api/v1/benchmarks/weather/leaderboard/",
    }


def test_page_names_the_open_benchmarks_first(world: World) -> None:
    a_world("aardvark", is_open=False)

    page = entrance().content.decode()

    assert page.index("/benchmarks/weather/board/") < page.index("aardvark")
    assert "1 is open" in page
    assert "1 is planned" in page
    assert "aardvark/board/" not in page


def test_commands_name_a_benchmark_that_takes_files(world: World) -> None:
    a_world("aardvark", is_open=False)

    assert "/benchmarks/weather/submissions/" in (page := entrance().content.decode())
    assert "No round is open here now" not in page

    Round.objects.filter(benchmark__slug="weather").update(status="CLOSED")
    assert "/benchmarks/SLUG/submissions/" in (page := entrance().content.decode())
    assert "No round is open here now" in page


def test_page_says_of_a_cancelled_round_only_where_there_was_no_other(world: World) -> None:
    rounds.cancel(
        round=a_world("aardvark", is_open=False).round, reason="why", actor="ada", now=world.now
    )

    page = entrance().content.decode()
    assert "1 was cancelled" in page
    assert "aardvark/board/" not in page

    Round.objects.filter(benchmark__slug="aardvark").update(number=2)
    earlier = Round.objects.get(benchmark__slug="aardvark")
    earlier.pk, earlier.number, earlier.status = None, 1, "PUBLISHED"
    earlier.cancelled_at, earlier.cancelled_reason = None, ""
    earlier.save(force_insert=True)
    page = entrance().content.decode()
    assert "1 is published" in page
    assert "was cancelled" not in page


@pytest.mark.parametrize(("is_secure", "scheme"), [(True, "https"), (False, "http")])
def test_commands_go_to_the_address_that_people_came_by(
    is_secure: bool, scheme: str, settings: Any
) -> None:
    """Behind a server that ends TLS this process hears HTTP; a token must not be sent that way."""
    settings.SESSION_COOKIE_SECURE = is_secure

    assert f"HV={scheme}://testserver/api/v1 " in entrance().content.decode()


def test_round_whose_end_has_come_is_not_open(world: World) -> None:
    Round.objects.update(opens_at="2020-01-01T00:00Z", closes_at="2020-01-02T00:00Z")

    assert entrance("/", "application/json").json()["open_benchmarks"] == []
    assert "1 is closed" in entrance().content.decode()


def test_round_that_was_opened_before_its_time_says_from_when_on_teams_hand_in(
    world: World,
) -> None:
    """Until then they are refused, so it is none of the benchmarks that take files."""
    opens = timezone.now() + dt.timedelta(days=2)
    Round.objects.update(opens_at=opens, closes_at=opens + dt.timedelta(days=2))

    page = entrance().content.decode()

    said = sentences.moment(at=opens, now=timezone.now())
    assert f"1 is open</span><small>teams hand in from {said}</small>" in page
    assert "/benchmarks/SLUG/submissions/" in page
    assert entrance("/", "application/json").json()["open_benchmarks"] == []


def test_private_benchmark_is_shown_to_its_teams_alone(world: World) -> None:
    Benchmark.objects.update(visibility="private")
    ours = world.team("ours")

    assert b"weather" not in entrance().content
    assert entrance("/api/v1/", "*/*").json()["open_benchmarks"] == []
    assert b"weather" in entrance(caller=Caller(ours)).content


def test_page_runs_no_script_and_escapes_what_organizers_wrote(world: World) -> None:
    Benchmark.objects.update(title="<script>alert(1)</script>")

    response = entrance()

    assert b"<script" not in response.content
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_many_benchmarks_are_cut_and_asked_for_in_few_queries(
    django_assert_max_num_queries: Any,
) -> None:
    Benchmark.objects.bulk_create(
        Benchmark(
            slug=f"b{number:03d}",
            title="B",
            task="binary",
            prediction_form="label",
            primary_metric="accuracy",
        )
        for number in range(MAX_SHOWN + 5)
    )

    with django_assert_max_num_queries(6):
        page = entrance().content.decode()

    assert f"b{MAX_SHOWN - 1:03d}" in page
    assert f"b{MAX_SHOWN:03d}" not in page
    assert "There are more" in page
