"""The documents say what the code says."""

import ast
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from config import reference
from config.environment import PREFIX, Environment, Question
from config.settings import BASE_DIR, env
from stats.mechanisms import MECHANISMS
from vault.api import problem_codes
from vault.statuses import TRANSITIONS

PAGES = BASE_DIR / "docs" / "reference"
DOCUMENTS = sorted(
    path
    for path in [*BASE_DIR.glob("*.md"), *BASE_DIR.glob("docs/**/*.md")]
    if path.name != "LICENSE.md"
)


def test_reference_pages_are_current() -> None:
    """No database is asked: this test may not reach one."""
    call_command("generate_docs", "--check")


def test_check_names_the_page_that_differs(tmp_path: Path) -> None:
    call_command("generate_docs", directory=tmp_path)
    call_command("generate_docs", "--check", directory=tmp_path)
    (tmp_path / "reference" / "roles.md").write_text("web may do everything\n")

    with pytest.raises(CommandError, match=r"not current: roles\.md;"):
        call_command("generate_docs", "--check", directory=tmp_path)


def test_check_names_missing_and_left_over_pages(tmp_path: Path) -> None:
    call_command("generate_docs", directory=tmp_path)
    directory = tmp_path / "reference"
    (directory / "roles.md").rename(directory / "rights.md")

    with pytest.raises(CommandError, match=r"not current: roles\.md, rights\.md;"):
        call_command("generate_docs", "--check", directory=tmp_path)


def test_every_setting_of_the_settings_file_is_on_its_page() -> None:
    """Read from the source, so that a setting asked for under a condition counts as well."""
    tree = ast.parse((BASE_DIR / "config" / "settings.py").read_text())
    asked = {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    page = (PAGES / "settings.md").read_text()

    assert len(asked) > 15
    assert [name for name in asked if f"`{PREFIX}{name}`" not in page] == []


def test_setting_without_a_meaning_is_refused() -> None:
    with pytest.raises(reference.UndocumentedError, match="NOVELTY"):
        reference.settings_page([Question(name="NOVELTY", kind="text", default="")])


def test_no_meaning_outlives_its_setting() -> None:
    known = {name.removeprefix(PREFIX) for name in env.known_names()}

    assert set(reference.MEANINGS) <= known


def test_settings_page_shows_no_value() -> None:
    values = {PREFIX + name: f"value-of-{name}" for name in ("FILES", "SECRET_KEY", "LOG_LEVEL")}
    other = Environment(values)
    other.text("FILES", "/nonexistent")
    other.secret("SECRET_KEY")
    other.text("LOG_LEVEL", "INFO")

    page = reference.settings_page(other.questions)

    assert "value-of-" not in page
    assert "`/nonexistent`" in page


def test_pages_name_no_place_on_this_machine() -> None:
    assert [name for name, write in reference.PAGES.items() if str(BASE_DIR) in write()] == []


def test_status_diagrams_show_the_transitions_and_no_others() -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+)$", reference.statuses_page(), flags=re.MULTILINE)

    assert set(arrows) == {
        (str(before), str(after))
        for life in TRANSITIONS.values()
        for before, follow in life.items()
        for after in follow
    }


@pytest.mark.parametrize("code", problem_codes.CATALOGUE)
def test_errors_page_shows_each_code_with_an_example(code: str) -> None:
    _, _, section = reference.errors_page().partition(f"\n## {code}\n")
    meaning, _, example = section.partition("```json\n")

    known = problem_codes.CATALOGUE[code]
    assert meaning.strip() == f"{known.status}. {known.meaning}"
    assert json.loads(example.partition("```")[0]) == problem_codes.example(code)


MODELS = [
    model.__name__
    for room in ("vault", "audits", "webhooks")
    for model in apps.get_app_config(room).get_models()
]


@pytest.mark.parametrize("name", [*MODELS, *MECHANISMS])
def test_glossary_has_every_model_and_mechanism(name: str) -> None:
    entries = [
        line.split("|")[2]
        for line in (BASE_DIR / "docs" / "glossary.md").read_text().splitlines()
        if line.count("|") >= 5
    ]

    assert any(f"`{name}`" in entry for entry in entries)


def test_glossary_has_one_entry_for_each_term() -> None:
    """Three terms had two entries each, in different words."""
    lines = (BASE_DIR / "docs" / "glossary.md").read_text().splitlines()
    entries = [line.split("|")[1].strip() for line in lines if line.count("|") >= 5]
    terms = Counter(entry for entry in entries if entry not in ("term", "---"))

    assert [term for term, n in terms.items() if n > 1] == []


def test_decisions_are_numbered_and_short() -> None:
    decisions = sorted((BASE_DIR / "docs" / "adr").glob("*.md"))

    assert [path.name[:4] for path in decisions] == [f"{i + 1:04d}" for i in range(len(decisions))]
    for path in decisions:
        text = path.read_text()
        assert len(text.splitlines()) <= 30, path.name
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        for part in ("Status: ", "Context: ", "Decision: ", "Consequences: "):
            assert f"\n{part}" in text, path.name


def anchors_of(text: str) -> set[str]:
    """The anchors of a page's headings, by the rule of the usual renderers."""
    headings = re.findall(r"^#+ +(.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(BASE_DIR)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text())):
            dead.append(link)

    assert dead == []
