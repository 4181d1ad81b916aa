"""The description says what there is: all of it, with examples that fit, and nothing that is not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.urls import URLPattern, get_resolver
from drf_spectacular.generators import SchemaGenerator

from config import description
from vault.api.openapi.operation import Access

METHODS = {"get", "put", "post", "delete", "patch"}


def described() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return made


DESCRIPTION = described()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
}


def routes() -> set[tuple[str, str]]:
    """Path and method of whatever the service answers, read from its views."""
    found = set()
    for route in get_resolver("config.urls").url_patterns:
        assert isinstance(route, URLPattern)
        view: Any = route.callback.view_class  # type: ignore[attr-defined]
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(route.pattern))
        found |= {(path, method.upper()) for method in METHODS if hasattr(view, method)}
    return found


def media_types(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of the request and of every answer."""
    parts = [operation.get("requestBody", {}), *operation["responses"].values()]
    for part in parts:
        yield from part.get("content", {}).items()


def examples(media_type: dict[str, Any]) -> list[Any]:
    several = media_type.get("examples", {}).values()
    return [each["value"] for each in several] or [
        media_type[name] for name in ("example",) if name in media_type
    ]


def test_every_route_and_method_is_described_and_no_other() -> None:
    assert set(description.OPERATIONS) == routes()


def test_route_that_is_not_described_stops_the_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(description.OPERATIONS, ("/healthz", "GET"))

    with pytest.raises(description.UndescribedError, match="describe GET /healthz"):
        described()


def test_it_is_openapi_3_1_without_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "openapi.yaml"

    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(file))

    assert file.read_text().startswith("openapi: 3.1.0\n")


def test_no_shape_is_left_over() -> None:
    text = str(DESCRIPTION)
    shapes = DESCRIPTION["components"]["schemas"]
    uncited = [name for name in shapes if f"'#/components/schemas/{name}'" not in text]
    headers = DESCRIPTION["components"]["headers"]
    unused = [name for name in headers if f"'#/components/headers/{name}'" not in text]

    # No operation answers a method that it does not have.
    assert (uncited, unused) == (["ProblemMethodNotAllowed"], [])


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_has_examples_that_fit(name: str) -> None:
    operation = OPERATIONS[name]
    root = {"components": DESCRIPTION["components"]}

    for media_type, content in media_types(operation):
        shown = examples(content)
        # A file of bytes, and the description itself, make no example.
        is_shown = media_type in ("text/csv",) or media_type.endswith("json")
        assert shown or not is_shown or "openapi" in name, media_type
        for example in shown:
            schema = {**content["schema"], **root}
            jsonschema.Draft202012Validator(
                schema, format_checker=jsonschema.FormatChecker()
            ).validate(example)
    for parameter in operation.get("parameters", []):
        if "example" in parameter:
            jsonschema.Draft202012Validator(parameter["schema"]).validate(parameter["example"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_says_what_it_is_who_may_ask_and_what_may_fail(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"][0] in [tag["name"] for tag in DESCRIPTION["tags"]]
    assert operation["security"] in [each.security for each in Access]
    assert {"400", "500"} <= set(operation["responses"])
    is_private = operation["security"] == Access.READ.security
    assert ("403" in operation["responses"]) >= is_private
    assert ("401" in operation["responses"]) == bool(operation["security"])


def test_path_parameters_are_those_of_the_path() -> None:
    for name, operation in OPERATIONS.items():
        given = [each for each in operation.get("parameters", []) if each["in"] == "path"]
        assert {each["name"] for each in given} == set(re.findall(r"{(\w+)}", name)), name
