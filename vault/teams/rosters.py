"""Many teams at once from one CSV: teams, their admissions, and a one-time link to a token for each.

Every bad row is named, and all is made in one transaction or nothing is. Columns: `team`, and if wanted
`title`, `benchmarks` (slugs, or `slug/2` for one round of several), `queries` and `contact`, which is handed
back beside the link and kept nowhere.
"""

import csv
import datetime as dt
import io
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction

from vault import budget, journal, team_names
from vault.errors import AdmissionError, RosterError
from vault.files import hints, spreadsheet_cells
from vault.models import Admission, Round, Team, TokenLink
from vault.statuses import COMING, RoundStatus
from vault.teams import token_links

MAX_BYTES = 256 * 1024
MAX_ROWS = 500
COLUMNS = ("team", "title", "benchmarks", "queries", "contact")
OTHER_NAMES = {"benchmark": "benchmarks", "display name": "title", "email": "contact"}
OTHER_NAMES |= {"display_name": "title", "e-mail": "contact", "k": "queries", "name": "team"}
MAX_TITLE = 200

_check_address = EmailValidator("This is no e-mail address.")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row as it was written; `row` is its number in a spreadsheet, where the header is row 1."""

    row: int
    team: str
    title: str = ""
    benchmarks: str = ""
    queries: str = ""
    contact: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    row: int
    column: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a row makes. `team` is None if there is none of that name yet."""

    row: int
    name: str
    title: str
    contact: str
    team: Team | None
    rounds: tuple[Round, ...]
    k: int | None


@dataclass(frozen=True, kw_only=True)
class Roster:
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    @property
    def n_admissions(self) -> int:
        return sum(len(entry.rounds) for entry in self.entries)

    @property
    def new(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.team is None]


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What goes to one team. The secret is nowhere else."""

    entry: Entry
    team: Team
    secret: str


def read(*, body: bytes) -> list[Line]:
    """Read the rows; `RosterError` if the file as a whole cannot be read."""
    if len(body) > MAX_BYTES:
        raise RosterError(f"the file is larger than {MAX_BYTES // 1024} KB: divide it")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = hints.of_csv(body) or "save it as CSV in UTF-8"
        raise RosterError(f"the file is no text in UTF-8; {hint}") from None
    if "\0" in text:
        raise RosterError("the file holds a zero byte, so it is no CSV: save it as CSV in UTF-8")
    header, _, _ = text.partition("\n")
    # Spreadsheets write semicolons where the comma is the decimal sign.
    separator = ";" if ";" in header and "," not in header else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise RosterError(f"the file is not valid CSV: {error}") from None
    if not rows:
        raise RosterError("the file is empty: its first row names the columns, such as team")
    columns = _columns(rows[0])
    lines = [
        _line(number, columns, row)
        for number, row in enumerate(rows[1:], start=2)
        if any(cell.strip() for cell in row)
    ]
    if not 1 <= len(lines) <= MAX_ROWS:
        raise RosterError(f"the file has {len(lines)} teams: 1 to {MAX_ROWS} are taken at once")
    return lines


def check(*, lines: list[Line], now: dt.datetime) -> Roster:
    """Say what the rows would make, and everything that is wrong with them. Nothing is changed."""
    problems: list[Problem] = []
    times = Counter(_folded(line) for line in lines)
    known = {team.folded: team for team in Team.objects.filter(folded__in=times)}
    titles = {team_names.folded(line.title) for line in lines}
    others = Team.objects.filter(folded__in=titles).values_list("folded", "name")
    # The teams, of the list and others, that a title of the list could be taken for.
    names = {_folded(line): line.team for line in lines} | dict(others)
    rounds = _Rounds(now=now)
    entries = []
    for line in lines:
        team = known.get(_folded(line))
        admitted, refused = rounds.of(line, team)
        wrong_queries = _wrong_queries(line, admitted)
        found = [
            ("team", _wrong_name(line, team, n_times=times[_folded(line)])),
            ("title", _wrong_title(line, team, names=names)),
            ("contact", _refusal(_check_address, line.contact) if line.contact else ""),
            *(("benchmarks", each) for each in refused),
            ("queries", wrong_queries),
        ]
        problems += [
            Problem(row=line.row, column=column, problem=each) for column, each in found if each
        ]
        entries.append(
            Entry(
                row=line.row,
                name=team_names.normalized(line.team),
                title=line.title,
                contact=line.contact,
                team=team,
                rounds=admitted,
                k=int(line.queries) if line.queries and not wrong_queries else None,
            )
        )
    return Roster(entries=tuple(entries), problems=tuple(problems))


def make(
    *,
    lines: list[Line],
    batch: uuid.UUID,
    links_expire_at: dt.datetime,
    token_expires_at: dt.datetime | None,
    actor: str,
    now: dt.datetime,
) -> list[Invitation]:
    """Make teams, admissions and links of all rows, or nothing. `batch` lets one list be made once.

    Raises:
        RosterError: a row is wrong (now), or the list was made already; `problems` names rows.
    """
    if token_expires_at is not None and token_expires_at <= links_expire_at:
        raise RosterError(
            "nothing was made: the tokens would end before the links that show them; give them a later end"
        )
    try:
        with transaction.atomic():
            wanted = {
                round.pk for entry in check(lines=lines, now=now).entries for round in entry.rounds
            }
            # In one order, so that two lists never wait for each other; then looked at again.
            list(Round.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
            roster = check(lines=lines, now=now)
            _check(roster, batch=batch)
            teams = {
                entry.row: entry.team or Team.objects.create(name=entry.name, title=entry.title)
                for entry in roster.entries
            }
            _admit(roster, teams, actor=actor, now=now)
            # After those of benchmarks, as everybody locks journals.
            for entry in roster.new:
                journal.append_of_installation(
                    kind="team_created", actor=actor, now=now, team=entry.name, title=entry.title
                )
            return [
                Invitation(
                    entry=entry,
                    team=teams[entry.row],
                    secret=token_links.make(
                        team=teams[entry.row],
                        batch=batch,
                        row=entry.row,
                        expires_at=links_expire_at,
                        token_expires_at=token_expires_at,
                        actor=actor,
                        now=now,
                    ),
                )
                for entry in roster.entries
            ]
    except IntegrityError:
        raise RosterError(
            "nothing was made: a team of this list, or the whole list, was made at the same moment by "
            "another request; look at the teams before you send it again"
        ) from None


def as_csv(*, invitations: list[Invitation], api_url: str, expires_at: dt.datetime) -> bytes:
    """Write it for a spreadsheet or a mail merge: with a byte order mark, and no cell taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["team", "contact", "link", "link_ends_at"])
    for each in invitations:
        link = token_links.address(api_url=api_url, secret=each.secret)
        cells = [each.team.name, each.entry.contact, link, f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"]
        writer.writerow([spreadsheet_cells.as_text(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def _columns(header: list[str]) -> list[str]:
    written = [name.strip().casefold() for name in header]
    names = [OTHER_NAMES.get(name, name) for name in written]
    if unknown := [name for name in names if name not in COLUMNS]:
        raise RosterError(f"the column {unknown[0][:40]!r} is none of {', '.join(COLUMNS)}")
    if len(set(names)) != len(names):
        raise RosterError("a column occurs twice")
    if "team" not in names:
        raise RosterError("the column team is missing")
    return names


def _line(number: int, columns: list[str], row: list[str]) -> Line:
    if len(row) != len(columns):
        raise RosterError(f"row {number} has {len(row)} cells, and the header {len(columns)}")
    cells = {name: cell.strip() for name, cell in zip(columns, row, strict=True)}
    return Line(row=number, **cells)


def _folded(line: Line) -> str:
    return team_names.folded(line.team)


def _refusal(validate: Callable[[str], None], text: str) -> str:
    """Say why a validator refuses the text; empty if it does not."""
    try:
        validate(text)
    except ValidationError as error:
        return str(error.messages[0])
    return ""


def _wrong_name(line: Line, team: Team | None, *, n_times: int) -> str:
    name = team_names.normalized(line.team)
    if refusal := _refusal(team_names.check, name):
        return refusal
    if len(name) > team_names.MAX_LENGTH:
        return f"A name has at most {team_names.MAX_LENGTH} characters."
    if n_times > 1:
        return f"This team stands in {n_times} rows (names are compared without regard to case)."
    if team is not None and team.is_reference:
        return "This is a reference team, which needs no admission."
    return "" if team is None or team.is_active else "This team is not active."


def _wrong_title(line: Line, team: Team | None, *, names: dict[str, str]) -> str:
    if refusal := _refusal(team_names.check_printable, line.title):
        return refusal
    folded = team_names.folded(line.title)
    if line.title and folded != _folded(line) and folded in names:
        return f"There is a team {names[folded]!r}: no other has its name as a title."
    if len(line.title) > MAX_TITLE:
        return f"A title has at most {MAX_TITLE} characters."
    if team is not None and line.title not in ("", team.title):
        return f"There is a team {team.name!r} already, and its title is another: leave it empty."
    return ""


def _wrong_queries(line: Line, rounds: tuple[Round, ...]) -> str:
    if not line.queries:
        return ""
    if not rounds:
        return "There is no benchmark in this row that the queries would be for."
    if not (line.queries.isascii() and line.queries.isdecimal() and len(line.queries) < 10):
        return "This is no whole number."
    most = min(round.total_limit for round in rounds)
    return (
        "" if 1 <= int(line.queries) <= most else f"A team has 1 to {most} queries in this round."
    )


class _Rounds:
    """The rounds that admit teams, and how many teams each has with those of the list."""

    def __init__(self, *, now: dt.datetime) -> None:
        self._now = now
        coming = Round.objects.filter(status__in=COMING).select_related("benchmark")
        self._rounds = list(coming.order_by("pk"))
        pairs = Admission.objects.filter(round__in=self._rounds)
        self._pairs = set(pairs.values_list("round_id", "team_id"))
        self._n = Counter(pairs.filter(is_blind=False).values_list("round_id", flat=True))

    def of(self, line: Line, team: Team | None) -> tuple[tuple[Round, ...], list[str]]:
        """Find the rounds that the row's team can be admitted to, and say why not to others."""
        found: list[Round] = []
        problems = []
        for name in line.benchmarks.replace(",", " ").replace(";", " ").split():
            slug, _, number = name.partition("/")
            named = [
                round
                for round in self._rounds
                if round.benchmark.slug == slug and number in ("", str(round.number))
            ]
            rounds = [round for round in named if round.status == RoundStatus.OPEN] or named
            problem = self._obstacle(name, rounds, team, chosen=found)
            if problem:
                problems.append(problem)
            else:
                self._n[rounds[0].pk] += 1
                found.append(rounds[0])
        return tuple(found), problems

    def _obstacle(
        self, name: str, rounds: list[Round], team: Team | None, *, chosen: list[Round]
    ) -> str:
        if not rounds:
            return f"{name[:60]!r} names no benchmark with a round that is planned or open."
        round = rounds[0]
        if len(rounds) > 1:
            write = f"{round.benchmark.slug}/{round.number}"
            return f"{name[:60]!r} has {len(rounds)} planned rounds: write {write}."
        if round in chosen:
            return f"{round.benchmark.slug} is named twice in this row."
        if closed := budget.no_admission(round=round, now=self._now):
            return f"No team is admitted: {closed}."
        if team is not None and (round.pk, team.pk) in self._pairs:
            return (
                f"This team is admitted to {round} already. Leave benchmarks empty in its row: it gets a "
                "link then, and no admission."
            )
        if self._n[round.pk] >= round.max_teams:
            return f"{round} was planned for {round.max_teams} teams, and this would be one more."
        return ""


def _check(roster: Roster, *, batch: uuid.UUID) -> None:
    if TokenLink.objects.filter(batch=batch).exists():
        raise RosterError(
            "this list was made already, and its links were shown then; they cannot be shown again. Cancel "
            "the links on the teams' pages and send a list of these teams to make others"
        )
    if roster.problems:
        raise RosterError("nothing was made: something is wrong now", problems=roster.problems)


def _admit(roster: Roster, teams: dict[int, Team], *, actor: str, now: dt.datetime) -> None:
    """Admit the teams, and lock journals in the order of their benchmarks, whatever that of the rows."""
    pairs = [(round, entry) for entry in roster.entries for round in entry.rounds]
    for round, entry in sorted(pairs, key=lambda pair: (pair[0].benchmark_id, pair[0].pk)):
        try:
            budget.admit(
                round=round, team=teams[entry.row], k=entry.k, is_blind=False, actor=actor, now=now
            )
        except AdmissionError as error:
            raise RosterError(f"nothing was made: row {entry.row}: {error.message}") from None
