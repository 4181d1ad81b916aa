"""Whatever the code, the tests and the documents cite is here, under the heading that they name.

A citation is the path of a page, and after a comma the heading of a section in quotes, or several joined by
"and". In a docstring it may go on in the next line.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.settings import BASE_DIR

KINDS = ("*.py", "*.md", "*.toml", "*.yml", "*.html")
THIS = Path(__file__).resolve()
# What builds leave behind is no part of the project.
ELSEWHERE = {"node_modules", "build", "dist"}
CITATION = re.compile(
    r"""(?<![\w/.-])(docs/[\w/-]+(?:\.[\w-]+)*\.md)   # the page
        (?:,[\s\#]+("[^"]+"(?:[\s\#]+and[\s\#]+"[^"]+")*))?   # its sections""",
    re.VERBOSE,
)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
INVARIANTS = "docs/invariants.md"
METHOD = "docs/method.md"
# The last author's name, or the first one's before "et al.", and the year.
WORK = re.compile(r"\b([A-Z][\w-]+)(?: et al\.)?,?\s\(?((?:18|19|20)\d\d)\b")
# Pages that lay beside the project while it was made, and the numbers of their sections and checks: nobody
# who has only this repository can follow them.
ABSENT = re.compile(
    r"""\b(?:STATISTICS|DESIGN|STYLE|REPORT|STACK|PEERS)(?:\.md\b|,?\s+(?:section\s+)?[A-Z]?\d)
      | \b(?:STATISTICS|DESIGN)\s+[A-I]\b
      | \bFP[1-8]\b | \bAT-\d | \b5[ab]\b | \b[Cc]heck\ \d+\b
      | (?<![\w%/.+-])[ABCDE]\d{1,2}'s\b
      | \([A-E]\d{1,2}(?:(?:,|;|\ and|\ to)\ [A-E]\d{1,2})*[);]""",
    re.VERBOSE,
)


def files() -> Iterator[Path]:
    for kind in KINDS:
        for path in BASE_DIR.rglob(kind):
            parts = path.relative_to(BASE_DIR).parts
            hidden = any(
                part.startswith(".") or part in ELSEWHERE for part in parts if part != ".ci"
            )
            if not hidden and path.resolve() != THIS:
                yield path


FILES = sorted(files())


def headings(page: Path) -> set[str]:
    return set(HEADING.findall(page.read_text()))


def dead(text: str) -> list[str]:
    """Citations of a page that is not here, or of a section that the page has not."""
    found = []
    for page, sections in CITATION.findall(text):
        if not (BASE_DIR / page).exists():
            found.append(page)
            continue
        for section in re.findall(r'"([^"]+)"', sections):
            name = re.sub(r"[\s#]+", " ", section)
            if name not in headings(BASE_DIR / page):
                found.append(f'{page}, "{name}"')
    return found


def absent(text: str) -> list[str]:
    """Citations of what was never part of the project."""
    return [match.group(0) for match in ABSENT.finditer(text)]


def faults(find: Callable[[str], list[str]]) -> dict[str, list[str]]:
    given = {str(path.relative_to(BASE_DIR)): find(path.read_text()) for path in FILES}
    return {name: found for name, found in given.items() if found}


def test_citations_lead_to_a_page_and_a_section() -> None:
    assert faults(dead) == {}


def test_nothing_cites_a_page_that_is_not_here() -> None:
    assert faults(absent) == {}


def test_citations_are_seen_at_all() -> None:
    cited = [each for path in FILES for each in CITATION.findall(path.read_text())]

    assert sum(bool(sections) for _, sections in cited) > 90


def works() -> list[str]:
    """The entries under "References", each in one line."""
    text = (BASE_DIR / METHOD).read_text().partition("\n## References\n")[2]
    return [" ".join(entry.split()) for entry in re.split(r"^- ", text, flags=re.M)[1:]]


def texts_with_works() -> list[str]:
    page = (BASE_DIR / METHOD).read_text().partition("\n## References\n")[0]
    return [page, *(path.read_text() for path in sorted((BASE_DIR / "stats").rglob("*.py")))]


def test_works_cited_by_author_and_year_stand_under_references() -> None:
    cited = {each for text in texts_with_works() for each in WORK.findall(text)}
    missing = [
        f"{author}, {year}"
        for author, year in sorted(cited)
        if not any(
            author.lower() in entry.lower() and entry.endswith(f"{year}.") for entry in works()
        )
    ]

    assert len(cited) > 40
    assert missing == []


def test_each_reference_is_cited() -> None:
    text = " ".join(" ".join(texts_with_works()).split())
    idle = []
    for entry in works():
        author = re.split(r", \"| and |, (?=[A-Z]\.)", entry)[0].split()[-1]
        if not re.search(rf"{author}.{{0,260}}?{entry[-5:-1]}", text):
            idle.append(entry)

    assert idle == []


def sections_of_invariants() -> dict[int, str]:
    text = (BASE_DIR / INVARIANTS).read_text()
    parts = re.split(r"^## (\d+)\. .+$", text, flags=re.MULTILINE)[1:]
    return {int(number): part for number, part in zip(parts[::2], parts[1::2], strict=True)}


def test_invariants_are_numbered_without_a_gap() -> None:
    assert list(sections_of_invariants()) == list(range(1, 15))


@pytest.mark.parametrize("number", sections_of_invariants())
def test_invariant_names_its_owner_and_the_tests_that_try_to_break_it(number: int) -> None:
    section = sections_of_invariants()[number]
    _, _, rest = section.partition("- Owner: ")
    owner, _, tests = rest.partition("- Tests: ")
    paths = re.findall(r"`([^`]+\.py)`", owner), re.findall(r"`([^`]+\.py)`", tests)

    assert all(paths)
    assert [path for each in paths for path in each if not (BASE_DIR / path).is_file()] == []
    assert [path for path in paths[1] if not path.startswith("tests/")] == []


def test_tests_name_invariants_that_are_on_the_page() -> None:
    sections = sections_of_invariants()
    missing = []
    for path in sorted((BASE_DIR / "tests").rglob("test_*.py")):
        if path.resolve() == THIS:
            continue
        for numbers in re.findall(r"\bInvariants? (\d+(?:(?:,| and) \d+)*)", path.read_text()):
            missing += [
                f"{path.name}: {number}"
                for number in re.findall(r"\d+", numbers)
                if int(number) not in sections
            ]

    assert missing == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Source: docs/method.md, "Ladders".', []),
        ('Source: docs/method.md, "The\n    ledger of nats".', []),
        ('# docs/method.md,\n# "The ledger of nats" and "Ladders"', []),
        ("see docs/architecture.md.", []),
        ('docs/method.md, "Lader"', ['docs/method.md, "Lader"']),
        ('docs/method.md, "Ladders" and "Leaders"', ['docs/method.md, "Leaders"']),
        ("docs/methods.md", ["docs/methods.md"]),
    ],
)
def test_a_dead_citation_is_noticed(text: str, found: list[str]) -> None:
    assert dead(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "STATISTICS C3",
        "(DESIGN 7)",
        "DESIGN.md",
        "STYLE.md C.2",
        "REPORT.md",
        "STATISTICS,\n    section 2",
        "together with FP3",
        "AT-13: the maximum",
        "own files (5a)",
        "Check 3, the ledger",
        "the standard errors (C2).",
    ],
)
def test_a_citation_of_an_absent_page_is_noticed(text: str) -> None:
    assert absent(text) != []


@pytest.mark.parametrize("text", ["%C3%A9", "macro F1", "A4 landscape", "a DESIGN of its own"])
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert absent(text) == []
