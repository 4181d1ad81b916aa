"""The description over HTTP."""

import json
import re
from pathlib import Path

import yaml
from drf_spectacular.generators import SchemaGenerator

from config import page_files
from tests.vault.api.stage import Caller


def test_json_and_yaml_are_what_is_generated() -> None:
    generated = SchemaGenerator().get_schema(public=True)

    as_json, as_yaml = Caller().get("openapi.json"), Caller().get("openapi.yaml")

    assert as_json["Content-Type"] == "application/json"
    assert json.loads(as_json.content) == generated
    assert as_yaml["Content-Type"] == "application/yaml"
    assert yaml.safe_load(as_yaml.content) == generated


def test_page_takes_nothing_from_elsewhere() -> None:
    response = Caller().get("docs/")
    page = response.content.decode()

    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) >= 5
    for source in sources:
        assert source.startswith("/")
        assert source.startswith("/api/") or file_of(source).is_file()
    # Nothing inline: the policy would refuse it.
    assert "<style" not in page
    assert " style=" not in page
    assert re.search(r"<script(?! src=)", page) is None
    assert "script-src 'self';" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]


def file_of(source: str) -> Path:
    for prefix, directory in page_files.DIRECTORIES.items():
        if source.startswith(f"/{prefix}"):
            return directory / source.removeprefix(f"/{prefix}")
    raise AssertionError(source)
