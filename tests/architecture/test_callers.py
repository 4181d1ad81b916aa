"""Each public name of `stats/` is called by the rooms above it, or waits on a list with its reason.

A name has a caller if code of the service uses it, or if another name that has a caller does, through any
number of modules of `stats/`. Tests are no callers: a statistic that only its tests know is weight to carry.
The list below names what is written and tested and waits for its check; it may only become shorter.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from config.settings import BASE_DIR

ROOMS = ("vault", "audits", "lab", "service", "config")
PROGRAMS = ("run.py", "manage.py")

# Whoever is called by one of these needs no line of its own. With the caller goes the line.
CALLED_LATER = {
    # Labels that arrive
    "stats.sequential.betting": "prospective labels: the e-process of a final",
    "stats.sequential.mixture": "prospective labels: the same for right or wrong",
    "stats.sequential.released_limit": "prospective labels: the mean that a released loss allows",
    "stats.sequential.asymptotic": "prospective labels: the same for large samples",
    # Improvements
    "stats.two_sample.two_sample_auc": "improvements: the same file's AUC on query and fresh items",
    "stats.paired.paired_auc": "improvements: two files on the same fresh items, by AUC",
    # Quality
    "stats.quality.slices.consistency": "slices: answers that a perturbed case of a stress holdout leaves",
    # Readiness
    "stats.quality.latency.percentile": "readiness: p95 latency, once times of single answers are handed in",
    "stats.quality.latency.score_under_budget": "readiness: late answers as wrong, once each has a time",
    # Label health. While labels arrive their exact scores are where no page can read them, and what
    # everybody reads is rounded: a figure with a judge model's help needs the labels themselves.
    "stats.quality.ppi.prediction_powered_mean": "label health: few labels helped by a judge model",
    # Metrics of confusion counts that have no formula of their own, such as kappa and F-beta
    "stats.intervals.count_bootstrap": "metrics of counts: their interval",
    "stats.bootstrap.bca_interval": "metrics of counts: the interval of a skewed one on few items",
}

Place = tuple[str, str]  # a module and a name in it


@dataclass(frozen=True, kw_only=True)
class Module:
    """One source file: what it defines at its top level, and what it calls names of `stats/`."""

    name: str
    tree: ast.Module
    definitions: Mapping[str, list[ast.stmt]]
    imported: Mapping[str, str]


def read(name: str, source: str) -> Module:
    tree = ast.parse(source)
    return Module(
        name=name, tree=tree, definitions=definitions(tree), imported=dict(imports_of_stats(tree))
    )


def definitions(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    found: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in names_of(statement):
            found.setdefault(name, []).append(statement)
    return found


def names_of(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [n.id for each in targets for n in ast.walk(each) if isinstance(n, ast.Name)]
    return []


def imports_of_stats(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each local name of a module or member of `stats/`, with its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "stats":
            yield from (
                (each.asname or each.name, f"{node.module}.{each.name}") for each in node.names
            )
        elif isinstance(node, ast.Import):
            for each in node.names:
                if each.name.split(".")[0] == "stats":
                    yield (each.asname, each.name) if each.asname else ("stats", "stats")


def read_names(node: ast.AST, hidden: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names and dotted names that are read, but for what a function binds itself."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        own = {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
        own |= {
            each.id
            for each in ast.walk(node)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        hidden |= own
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in hidden:
        yield node.id
    if isinstance(node, ast.Attribute):
        dotted = ast.unparse(node)
        if dotted.replace(".", "").isidentifier() and dotted.partition(".")[0] not in hidden:
            yield dotted
    for child in ast.iter_child_nodes(node):
        yield from read_names(child, hidden)


class Callers:
    """Who calls what in `stats/`, from sources alone: nothing is imported."""

    def __init__(self, stats: Iterable[Module], outside: Iterable[Module]) -> None:
        self.stats = {each.name: each for each in stats}
        self.called = self.reached(
            place for each in outside for place in self.used(each.tree, each)
        )

    def public(self) -> set[str]:
        return {
            f"{each.name}.{name}"
            for each in self.stats.values()
            for name in each.definitions
            if not name.startswith("_")
        }

    def used(self, node: ast.AST, module: Module) -> Iterator[Place]:
        for dotted in read_names(node):
            head, _, rest = dotted.partition(".")
            if head in module.imported:
                full = f"{module.imported[head]}.{rest}".rstrip(".")
                place = self.place(full)
                if place is not None:
                    yield place
            elif not rest and module.name in self.stats and head in module.definitions:
                yield module.name, head

    def place(self, full: str) -> Place | None:
        """Where a full name is defined, through packages that pass it on; nowhere for a module."""
        owner, _, name = full.rpartition(".")
        if owner not in self.stats or full in self.stats:
            return None
        module = self.stats[owner]
        if name in module.definitions:
            return owner, name
        return self.place(module.imported[name]) if name in module.imported else None

    def reached(self, places: Iterable[Place]) -> set[str]:
        waiting, found = list(places), set()
        while waiting:
            owner, name = waiting.pop()
            if f"{owner}.{name}" not in found:
                found.add(f"{owner}.{name}")
                module = self.stats[owner]
                for statement in module.definitions[name]:
                    waiting += self.used(statement, module)
        return found

    def uncalled(self, later: Iterable[str]) -> list[str]:
        """Public names without a caller, now or later."""
        places = [self.place(each) for each in later]
        reached = self.called | self.reached(each for each in places if each is not None)
        return sorted(self.public() - reached)

    def needless(self, later: Iterable[str]) -> list[str]:
        """Names of the list that have a caller or are nowhere."""
        return sorted(each for each in later if each in self.called or each not in self.public())


def room(name: str) -> Iterator[Module]:
    for path in sorted((BASE_DIR / name).rglob("*.py")):
        parts = path.relative_to(BASE_DIR).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        yield read(".".join(parts), path.read_text())


@pytest.fixture(scope="module")
def callers() -> Callers:
    programs = [read(name, (BASE_DIR / name).read_text()) for name in PROGRAMS]
    return Callers(room("stats"), [*programs, *(each for name in ROOMS for each in room(name))])


def test_public_names_have_a_caller(callers: Callers) -> None:
    """Call it, make it private, list it with its reason, or remove it with its tests."""
    assert callers.uncalled(CALLED_LATER) == []


def test_the_list_only_shrinks(callers: Callers) -> None:
    """What has got its caller, or is gone, leaves the list."""
    assert callers.needless(CALLED_LATER) == []


def test_each_listed_name_says_who_will_call_it() -> None:
    assert [name for name, reason in CALLED_LATER.items() if ": " not in reason] == []


def test_callers_are_seen_at_all(callers: Callers) -> None:
    assert {"stats.accusation.accuse", "stats.mechanisms.MECHANISMS"} <= callers.called
    assert len(callers.called & callers.public()) > 100


OTHER = "LEAST = 2\ndef f(): return LEAST\ndef g(): return _h()\ndef _h(): return f()\n"


@pytest.mark.parametrize(
    ("outside", "uncalled"),
    [
        ("", ["f", "g", "LEAST"]),
        ("from stats.one import f\nf()", ["g"]),
        ("from stats.one import f as other\nother()", ["g"]),
        ("from stats import one\none.f()", ["g"]),
        ("import stats.one\nstats.one.f()", ["g"]),
        ("import stats.one as one\none.g()", []),
        ("def late():\n    from stats.one import g\n    return g()", []),
        ("from stats.one import f", ["f", "g", "LEAST"]),
        ("from stats.one import f\ndef other(f): return f()", ["f", "g", "LEAST"]),
        ("from stats.package import g\ng()", []),
        ("from stats.two import chain\nchain()", ["g"]),
        ("from elsewhere import f\nf()", ["f", "g", "LEAST"]),
    ],
)
def test_a_caller_is_found_however_it_imports(outside: str, uncalled: list[str]) -> None:
    callers = Callers(
        [
            read("stats", ""),
            read("stats.one", OTHER),
            read("stats.package", "from stats.one import g\n"),
            read("stats.two", "from stats.one import f\ndef chain(): return f()\n"),
        ],
        [read("vault.some", outside)],
    )

    found = [name.rpartition(".")[2] for name in callers.uncalled([]) if "chain" not in name]
    assert sorted(found) == sorted(uncalled)


def test_a_list_that_outlives_its_need_is_noticed() -> None:
    callers = Callers(
        [read("stats.one", OTHER)], [read("vault.some", "from stats.one import f\nf()")]
    )

    assert callers.uncalled(["stats.one.g"]) == []
    assert callers.needless(["stats.one.g"]) == []
    assert callers.needless(["stats.one.f", "stats.one.gone"]) == ["stats.one.f", "stats.one.gone"]
