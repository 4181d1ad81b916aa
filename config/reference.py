"""`docs/errors.md` and the pages of `docs/reference/`, written from the code that they describe.

Each page is a pure function of what the code declares, so that a page can never say something else.
No page shows the value of a setting: only what is asked, and the default.
"""

import json
from collections.abc import Callable, Iterable, Sequence

from config.environment import LAUNCHER_NAMES, PREFIX, Question
from config.grants import ALL, GRANTS, ROLES
from config.settings import BASE_DIR, env
from stats.verdict import Verdict
from vault.api import problem_codes
from vault.holdout_kinds import HoldoutKind
from vault.journal_kinds import KINDS
from vault.statuses import TRANSITIONS, HoldoutStatus, RoundStatus, Status, SubmissionStatus

NOTE = "Written by `manage.py generate_docs` from {source}; `--check` compares."

MEANINGS = {
    "SITE": "The door this process opens: the API for teams, the admin for researchers, or none.",
    "SECRET_KEY": "Signs sessions and forms of the admin. Each kind of process has its own.",
    "START": "Drawn by `run.py` for each start, to know its own processes; elsewhere it is empty.",
    "ALLOWED_HOSTS": "The `Host` headers that are answered.",
    "CSRF_TRUSTED_ORIGINS": "Origins whose forms the admin accepts, such as `https://vault.example`.",
    "DATABASE_HOST": "PostgreSQL's address, or the directory of its socket.",
    "DATABASE_PORT": "PostgreSQL's port.",
    "DATABASE_NAME": "The database.",
    "DATABASE_USER": "The database role of this process; `roles.md` says what each may do.",
    "DATABASE_PASSWORD": "The password of that role.",
    "API_URL": "Where teams reach the API, such as `https://vault.example`: what the admin puts in front of "
    "one-time links to tokens.",
    "SECURE_COOKIES": "Send the admin's cookies over TLS only. `0` is for a trial on loopback.",
    "STATIC_ROOT": "Where `collectstatic` puts the admin's static files.",
    "FILES": "Predictions, panels and reports: a directory that all processes share. Never labels.",
    "MAX_UPLOAD_BYTES": "The largest body that is read, and file that gzip may unpack to; beyond it, 413.",
    "WEB_THREADS": "Threads of a web worker. Each keeps a database session, and one more answers probes.",
    "SPOOL": "A directory for bodies of more than 1 MiB on their way in, in files without names; empty is "
    "the system's for temporary files.",
    "SPOOL_MB": "Bodies that a web worker of the API may hold in all, in MiB; of one team a quarter, or one "
    "body.",
    "UPLOADS_PER_TEAM": "Bodies of one team on their way in at once, in each web worker; then 429.",
    "UPLOAD_SECONDS": "Time in which a body must have arrived; then 408.",
    "UPLOAD_WINDOW_SECONDS": "The window over which a body's rate is taken.",
    "UPLOAD_BYTES_PER_SECOND": "The least rate of a body over a window; below it, 408.",
    "ANONYMOUS_REQUESTS_PER_MINUTE": "Requests of one address without a valid token, in each web worker.",
    "TOKEN_REQUESTS_PER_MINUTE": "Requests with one token, in each web worker; 0 is no limit.",
    "PARSES_PER_MINUTE": "Dry runs, rejected and fetched files of one team, in each web worker; 0: no limit.",
    "TOKEN_CACHE_SECONDS": "How long a web worker trusts a token it has looked up; 0 is not at all.",
    "WAITERS": "Requests that wait for a score in a web worker, of a team at most half; each has a thread.",
    "PROXIES": "Proxies in front of this process that add to `X-Forwarded-For`; 0 ignores that header.",
    "PARSER_PROCESSES": "Child processes that parse files, for each web worker; of a team at most half.",
    "PARSER_BACKLOG": "Files that may wait for one; beyond it, 503 unread. Large files of a team: a third.",
    "PARSER_MEMORY_MB": "Address space of a parsing child, in MiB.",
    "PARSER_SECONDS": "Time that a file may take to parse.",
    "LEASE_SECONDS": "How long a submission is held by a worker that no longer renews its lease.",
    "RING_SECONDS": "Time between two looks for leases that have ended and retries that are due.",
    "SCORING_SECONDS": "Time that one attempt to score a submission may take; after three that did not end "
    "in it the submission has failed, and its query is refunded.",
    "SWEEP_SECONDS": "Time between two sweeps for what was lost on the way.",
    "WEBHOOK_KEY": "Signs webhooks: in the API's process and its worker. Empty switches webhooks off.",
    "WEBHOOK_ALLOWED_NETWORKS": "Networks that webhooks may lead to beside the open internet, such as "
    "`10.1.0.0/16`; there plain HTTP will do.",
    "WEBHOOK_PORTS": "The ports that webhooks may lead to, in allowed networks, too.",
    "WEBHOOK_SECONDS": "Time between two looks for events to tell and attempts that are due.",
    "SCORING_PRIVATE_KEY_FILE": "The key that opens query holdouts: in the scoring worker alone.",
    "AUDIT_PRIVATE_KEY_FILE": "The key that opens fresh holdouts: in the audit worker alone.",
    "SIGNING_PRIVATE_KEY_FILE": "The key that signs journal heads: in the audit worker alone.",
    "BROKER_URL": "Valkey, Redis or RabbitMQ. It wakes workers; nothing is kept there alone.",
    "LOG_LEVEL": "The least severe message that is logged.",
    "HOME": "Read by `run.py` alone: the state directory of the embedded service.",
    "REFERENCE_DATA": "Read by the tests alone: a directory of data to compare figures with.",
}


class UndocumentedError(Exception):
    """The code declares something that nobody has described."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(title: str, source: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTE.format(source=source), *parts]) + "\n"


def diagram(life: type[Status], first: Sequence[str]) -> str:
    """Draw one life as a Mermaid state diagram; a status that nothing follows is an end."""
    arrows = [f"    [*] --> {status}" for status in first]
    for status, after in TRANSITIONS[life].items():
        arrows += [f"    {status} --> {each}" for each in map(str, after)]
        if not after:
            arrows.append(f"    {status} --> [*]")
    return "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```"])


def statuses_page() -> str:
    return page(
        "Statuses",
        "`vault/statuses.py`",
        "Nothing else may follow what stands here; the database refuses unknown statuses.",
        "## Holdout",
        diagram(HoldoutStatus, (HoldoutStatus.SEALED, HoldoutStatus.FRESH, HoldoutStatus.QUERY)),
        table(("kind", "meaning"), [(f"`{kind.value}`", kind.meaning) for kind in HoldoutKind]),
        "## Round",
        diagram(RoundStatus, (RoundStatus.PLANNED,)),
        "## Submission",
        diagram(SubmissionStatus, (SubmissionStatus.QUEUED,)),
        "## Verdict",
        "An audit's verdict has no life: it is given once. "
        + ", ".join(f"`{each.value}`" for each in Verdict)
        + ".",
    )


def _meaning(name: str) -> str:
    if name not in MEANINGS:
        raise UndocumentedError(
            f"say what the setting {name} means: MEANINGS in config/reference.py"
        )
    return MEANINGS[name]


def settings_page(questions: Sequence[Question] | None = None) -> str:
    asked = env.questions if questions is None else questions
    rows = []
    for question in asked:
        name = f"`{PREFIX}{question.name}`"
        if question.is_secret:
            name += f" or `{PREFIX}{question.name}_FILE`"
        default = "required" if question.default is None else "empty"
        if question.default:
            # A path below the project differs from machine to machine; its place in the project does not.
            default = f"`{question.default.replace(f'{BASE_DIR}/', '')}`"
        rows.append((name, question.kind, default, _meaning(question.name)))
    for launcher_name in sorted(LAUNCHER_NAMES):
        rows.append((f"`{PREFIX}{launcher_name}`", "text", "", _meaning(launcher_name)))
    return page(
        "Settings",
        "`config/settings.py`",
        "All settings come from the environment. An unknown `HOLDOUT_VAULT_` variable stops the "
        "process. A secret may stand in a file that a variable ending in `_FILE` names.",
        table(("variable", "form", "default", "meaning"), rows),
    )


def roles_page() -> str:
    cells = {
        (each.role, each.table, each.privilege): ", ".join(f"`{name}`" for name in each.columns)
        or "yes"
        for each in GRANTS
    }
    parts = []
    for role in ROLES:
        tables = sorted({grant.table for grant in GRANTS if grant.role == role})
        rows = [
            (f"`{name}`", *(cells.get((role, name, each), "") for each in ALL)) for name in tables
        ]
        parts += [f"## `{role}`", table(("table", *map(str.lower, ALL)), rows)]
    return page(
        "Database roles",
        "`config/grants.py`",
        "Column names narrow a right to those columns. What is not listed is refused by the database. "
        "The role `owner` owns the tables; it runs migrations and no process. Every role may append to "
        "the journal through the function `journal_append`, and in no other way, and only the kinds of "
        "entries that [the journal's page](../journal.md) lists for it.",
        *parts,
    )


def errors_page() -> str:
    known = problem_codes.CATALOGUE
    rows, parts = [], []
    for code in sorted(known, key=lambda code: (known[code].status, code)):
        problem = known[code]
        example = json.dumps(problem_codes.example(code), indent=2, ensure_ascii=False)
        rows.append((f"[`{code}`](#{code})", str(problem.status), problem.title))
        parts += [f"## {code}", f"{problem.status}. {problem.meaning}", f"```json\n{example}\n```"]
    return page(
        "Errors",
        "`vault/api/problem_codes.py`",
        "The API answers every error as `application/problem+json` (RFC 9457). The `code` is stable; "
        "the `detail` is for people and may change. Members that do not apply to a case are left out, "
        "and new ones may come: ignore those you do not know. The `type` leads to the meaning of its "
        "code, at the same service. A `retry_after` stands in the header `Retry-After` as well.",
        "Before a request reaches the API, the HTTP server and the proxies before it answer in words "
        "of their own: a request line or a header that is too long, or one that is no HTTP.",
        table(("code", "status", "title"), rows),
        *parts,
    )


JOURNAL = (
    "What happens to labels, budgets and scores stands in a hash chain of each benchmark, and what happens "
    "to people, teams and tokens in one of the installation. An entry stands if and only if its act is "
    "committed. Both are written through one function of the database, `journal_append`, which refuses a "
    "role what is not listed for it here, and what belongs into the other chain. The owner, who could change "
    "the function, is not asked. No entry holds a label, a raw score or a secret: a token is named by "
    "how it begins. Answers to teams that were merged replay from `teams_merged` and `states_merged`.\n\n"
    "`verify_journal` verifies every chain, and `--replay` computes every release again. It runs as the "
    "scoring worker (role `scoring`), which alone may read chains, raw scores and what seeds come from. The "
    "role `researcher` verifies chains, on the admin's page of the journal, and cannot replay; `web` and "
    "`audit` can do neither. Heads of all chains are [signed](signed-heads.md), the installation's as "
    "`@installation`.\n\n"
    "A new kind is a line of `vault/journal_kinds.py`: `grant_roles`, which every upgrade runs, writes the "
    "list into the database."
)


def journal_page() -> str:
    parts = []
    for title, own in (("A benchmark's chain", False), ("The installation's chain", True)):
        rows = [
            (f"`{each.name}`", ", ".join(f"`{role}`" for role in each.roles), each.sentence)
            for each in KINDS
            if each.is_of_installation == own
        ]
        parts += [f"## {title}", table(("kind", "entered by", "what it tells"), rows)]
    return page("The journal", "`vault/journal_kinds.py`", JOURNAL, *parts)


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "journal.md": journal_page,
    "reference/roles.md": roles_page,
    "reference/settings.md": settings_page,
    "reference/statuses.md": statuses_page,
}
