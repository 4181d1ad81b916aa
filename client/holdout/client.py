"""The service's API as typed calls. Every call may be interrupted and made again."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from holdout import prediction_files
from holdout.answers import checked, content, document, record
from holdout.errors import AnswerError, SettingsError, WaitTimeoutError
from holdout.prediction_files import CSV, PARQUET, Progress, idempotency_key
from holdout.records import (
    Audit,
    Benchmark,
    Board,
    Budget,
    NewToken,
    Page,
    Provenance,
    PublicHoldout,
    PublishedAudit,
    Round,
    SignedHead,
    SigningKey,
    Submission,
    Token,
    Verdict,
    WithHoldouts,
)
from holdout.transport import Transport, connection

VERSION = "0.1.0"
OK = 200
API = "/api/v1"
JSON = "application/json"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Held back by the service for at most so many seconds, and so many more until it is here.
HELD_BACK = 20
LATE = 5.0
# The chain of the journal that is about no benchmark: no short name is like this.
OF_INSTALLATION = "@installation"
WITHOUT_RESULT = ("CANCELLED", "FAILED")
MAX_ATTEMPTS = 20
PAGE = 500

Watch = Callable[[Submission], None]


class Client:
    """
    A team's access to one service.

    Parameters
    ----------
    url : str
        Of the service, such as `https://vault.example`. Plain HTTP goes to loopback only, unless
        `insecure_http` allows it: a token must not travel in the clear.
    token : str
        The team's, `hv_...`. It is sent to this service alone: redirects are not followed.
    patience : float, default=120
        Seconds for which a request is repeated while the service is busy or away, or its budget full.
    transport : Transport, optional
        For tests.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str,
        patience: float = 120.0,
        insecure_http: bool = False,
        transport: Transport | None = None,
    ) -> None:
        # The address of the API is one that people have at hand too.
        self.url = url.rstrip("/").removesuffix(API)
        _check_address(self.url, insecure_http=insecure_http)
        if not all("!" <= each <= "~" for each in token):
            raise SettingsError("the token holds a blank or a character that no token has")
        self._transport = transport or Transport(http=connection(self.url), patience=patience)
        self._transport.http.base_url = httpx.URL(f"{self.url}{API}/")
        self._transport.http.headers["User-Agent"] = f"holdout-client/{VERSION}"
        if token:
            self._transport.http.headers["Authorization"] = f"Bearer {token}"

    def __repr__(self) -> str:
        return f"Client(url={self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def now(self) -> float:
        """Seconds, by the clock that timeouts are measured with."""
        return self._transport.clock()

    def close(self) -> None:
        self._transport.http.close()

    # What anybody may read.

    def benchmarks(self) -> list[Benchmark]:
        return [record(Benchmark, each) for each in self._pages("benchmarks/")]

    def benchmark(self, slug: str) -> Benchmark:
        return record(Benchmark, self._get(_path("benchmarks", slug)))

    def holdouts(self, slug: str) -> list[PublicHoldout]:
        """Kinds, sizes and commitments: what was published when labels were sealed."""
        return self.with_holdouts(slug)["holdouts"]

    def with_holdouts(self, slug: str) -> WithHoldouts:
        """The same, with what the service says of the benchmark that they are of."""
        return checked(WithHoldouts, self._get(_path("benchmarks", slug)))

    def disclosed(self, slug: str, holdout_id: str) -> bytes:
        """The file with the labels of a holdout that is DISCLOSED."""
        path = _path("benchmarks", slug, "holdouts", holdout_id, "labels")
        return content(self._transport.ask("GET", path), media_type=JSON)

    def draw(self, slug: str, batch: str) -> bytes:
        """The file with the seed of a draw whose holdouts are all DISCLOSED."""
        path = _path("benchmarks", slug, "draws", batch)
        return content(self._transport.ask("GET", path), media_type=JSON)

    def rounds(self, slug: str) -> list[Round]:
        return [record(Round, each) for each in self._pages(_path("benchmarks", slug, "rounds"))]

    def template(self, slug: str, *, form: str = "csv") -> bytes:
        """Fetch the ids to answer, as a file to fill in."""
        path = _path("benchmarks", slug, "panel")
        answer = self._transport.ask("GET", path, parameters={"format": form})
        return content(answer, media_type=PARQUET if form == "parquet" else CSV)

    def leaderboard(self, slug: str, *, round: int | None = None) -> Board:
        return checked(
            Board, self._get(_path("benchmarks", slug, "leaderboard"), **_numbered(round))
        )

    def leaderboard_csv(self, slug: str, *, round: int | None = None) -> str:
        parameters = {"format": "csv", **_numbered(round)}
        path = _path("benchmarks", slug, "leaderboard")
        answer = self._transport.ask("GET", path, parameters=parameters)
        return content(answer, media_type=CSV).decode(errors="replace")

    def audits(self, slug: str) -> list[PublishedAudit]:
        return [
            checked(PublishedAudit, each)
            for each in self._pages(_path("benchmarks", slug, "audits"))
        ]

    def audit(self, audit_id: int) -> Audit:
        return checked(Audit, self._get(_path("audits", audit_id)))

    def signed_head(self, slug: str, *, number: int | None = None) -> SignedHead:
        """The latest of the benchmark's journal, or the one of a number. Its signature is not verified.

        `@installation` names the chain that tells of people, teams and tokens.
        """
        parameters = {} if number is None else {"number": str(number)}
        place = () if slug == OF_INSTALLATION else ("benchmarks", slug)
        path = _path(*place, "journal", "head")
        return record(SignedHead, self._get(path, **parameters))

    def signing_keys(self) -> list[SigningKey]:
        return [checked(SigningKey, each) for each in self._pages("signing-keys/")]

    # What a team may read of its own.

    def budget(self, slug: str, *, round: int | None = None) -> Budget:
        return checked(Budget, self._get(_path("benchmarks", slug, "budget"), **_numbered(round)))

    def submission(self, submission_id: str) -> Submission:
        return record(Submission, self._get(_path("submissions", submission_id)))

    def submissions(self, slug: str, **filters: str) -> Iterator[Submission]:
        """Newest first; `status`, `sha256`, `round` and `key` narrow the list."""
        for each in self._pages(_path("benchmarks", slug, "submissions"), **filters):
            yield record(Submission, each)

    def submission_file(self, submission_id: str, *, form: str = "csv") -> bytes:
        """Fetch the predictions as the service took them, in the order of the panel."""
        path = _path("submissions", submission_id, "file")
        answer = self._transport.ask("GET", path, parameters={"format": form})
        return content(answer, media_type=PARQUET if form == "parquet" else CSV)

    def tokens(self) -> list[Token]:
        return [checked(Token, each) for each in self._pages("tokens/")]

    # What changes something.

    def validate(self, path: Path, *, benchmark: str, progress: Progress | None = None) -> Verdict:
        """Run the checks of a submission, without one; `InvalidFileError` names what is wrong."""
        file = prediction_files.opened(path)
        answer = self._transport.ask(
            "POST",
            _path("benchmarks", benchmark, "validate"),
            headers=file.headers(),
            body=lambda: file.pieces(progress),
        )
        return record(Verdict, document(answer))

    def submit(
        self,
        path: Path,
        *,
        benchmark: str,
        provenance: Provenance | None = None,
        queueing: float | None = None,
        progress: Progress | None = None,
        known: Watch | None = None,
    ) -> Submission:
        """
        Hand in a file once, however often this is called.

        The same file in the same round is the same submission, and keeps the provenance that it came with
        first; after a cancelled or failed one it is a new one. `known` is told of a submission that was
        there before this call. A full window is waited for during `queueing` seconds, else while `patience`
        lasts.
        """
        given = provenance or Provenance()
        file = prediction_files.opened(path)
        open_round = self._open_round(benchmark)
        n_sent = 0

        def pieces() -> Iterator[bytes]:
            nonlocal n_sent
            n_sent += 1
            return file.pieces(progress)

        for attempt in range(1, MAX_ATTEMPTS + 1):
            key = idempotency_key(
                file=file,
                benchmark=benchmark,
                round=open_round,
                provenance=given,
                attempt=attempt,
            )
            answer = self._transport.ask(
                "POST",
                _path("benchmarks", benchmark, "submissions"),
                parameters=given.parameters(),
                headers={**file.headers(), "Idempotency-Key": f'"{key}"'},
                body=pieces,
                queueing=queueing,
            )
            handed_in = record(Submission, document(answer))
            is_replayed = "Idempotency-Replayed" in answer.headers
            if is_replayed:
                # The first answer; meanwhile it may have been scored, or cancelled.
                handed_in = self.submission(handed_in.id)
            if handed_in.status not in WITHOUT_RESULT:
                break
        # What was sent twice may have arrived the first time: then the submission is of this call.
        if known is not None and n_sent == attempt and (is_replayed or answer.status_code == OK):
            known(handed_in)
        return handed_in

    def wait(
        self, submission_id: str, *, timeout: float = 600.0, watch: Watch | None = None
    ) -> Submission:
        """Return the submission once it is finished; `WaitTimeoutError` if that takes longer."""
        clock, path = self._transport.clock, _path("submissions", submission_id)
        end = clock() + timeout
        known, etag = None, ""
        while (left := end - clock()) > 0:
            wait = max(1, int(min(HELD_BACK, left)))
            fields = {"Prefer": f"wait={wait}", **({"If-None-Match": etag} if etag else {})}
            answer = self._transport.ask(
                "GET", path, headers=fields, longest=left, timeout=wait + LATE
            )
            if answer.status_code != 304 or known is None:
                known = record(Submission, document(answer))
                etag = answer.headers.get("ETag", "")
            if watch is not None:
                watch(known)
            if not known.is_pending:
                return known
            self._transport.pause(answer, left=end - clock())
        raise WaitTimeoutError(f"no score of {submission_id} after {timeout:.0f} seconds")

    def cancel(self, submission_id: str) -> Submission:
        return record(Submission, self._act("DELETE", _path("submissions", submission_id)))

    def declare_final(self, submission_id: str) -> Submission:
        return record(Submission, self._act("POST", _path("submissions", submission_id, "final")))

    def withdraw(self, submission_id: str) -> Submission:
        return record(
            Submission, self._act("POST", _path("submissions", submission_id, "withdraw"))
        )

    def create_token(self, **members: Any) -> NewToken:
        """Members: `label`, `scopes`, `expires_at`. The answer's `token` is shown this once."""
        return checked(NewToken, self._act("POST", "tokens/", members))

    def rotate_token(self, token_id: int, *, grace_seconds: int) -> NewToken:
        path, members = _path("tokens", token_id, "rotate"), {"grace_seconds": grace_seconds}
        return checked(NewToken, self._act("POST", path, members))

    def revoke_token(self, token_id: int) -> None:
        self._transport.ask("DELETE", _path("tokens", token_id))

    def _open_round(self, benchmark: str) -> int | None:
        open_now = [each.number for each in self.rounds(benchmark) if each.status == "OPEN"]
        return max(open_now, default=None)

    def _act(self, method: str, path: str, members: Any = None) -> dict[str, Any]:
        """Do one act once, although a lost answer makes the request go out again."""
        body = b"" if members is None else json.dumps(members).encode()
        answer = self._transport.ask(
            method,
            path,
            headers={
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "Idempotency-Key": f'"{uuid.uuid4()}"',
            },
            body=lambda: iter([body]),
        )
        return document(answer)

    def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        return document(self._transport.ask("GET", path, parameters=parameters))

    def _pages(self, path: str, **parameters: str) -> Iterator[Any]:
        query = {"page_size": str(PAGE), **parameters}
        while True:
            listed = checked(Page, self._get(path, **query))
            yield from listed["results"]
            if not listed["next"]:
                return
            # A path on this service, whatever it calls itself.
            before, query = query, _query(listed["next"])
            if query == before:
                raise AnswerError("the answer is a page that follows itself")


def _check_address(url: str, *, insecure_http: bool) -> None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        is_address = False
    if not is_address:
        raise SettingsError(f"{url} is no address of a service")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not insecure_http:
        raise SettingsError(f"{url} would send the token in the clear: use https")


def _path(*parts: str | int) -> str:
    """
    The address of one thing, whatever its name is made of.

    A slash is refused although it could be escaped: servers undo that before they choose the route.
    """
    for each in map(str, parts):
        if each in ("", ".", "..") or "/" in each or "\\" in each:
            raise SettingsError(f"{each!r} is no name of a benchmark and no id")
    return "".join(f"{quote(str(each), safe='', errors='replace')}/" for each in parts)


def _query(url: str) -> dict[str, str]:
    try:
        return dict(httpx.URL(url).params)
    except httpx.InvalidURL:
        raise AnswerError("the answer is a page whose next has no address") from None


def _numbered(round: int | None) -> dict[str, str]:
    return {} if round is None else {"round": str(round)}
