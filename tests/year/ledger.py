"""The ledger of nats once more, by counting: what the journal's entries say, in whole numbers of transcripts.

What k answers of a guarded Ladder can tell is ln of a whole number: which of them rose, at most b, and to
which of G rising levels. Python counts that number exactly, and only its logarithm is rounded.
"""

import json
import math
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from vault.models import Benchmark, JournalEntry

# The service takes ln of factorials, up to ln 18! = 36.4, from lgamma, and subtracts: three halves of the
# last digit of 36.4, which for the smallest term, ln 19, are 16 of its own; sums of some terms round less.
DIGITS = 16 * sys.float_info.epsilon


@dataclass(frozen=True, kw_only=True)
class Entry:
    kind: str
    told: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    entries: list[Entry]
    # Whose each submission is: the journal names submissions alone.
    handed_in: dict[str, str]

    @classmethod
    def read(cls, *, benchmark: Benchmark, handed_in: dict[str, str]) -> "Ledger":
        found = JournalEntry.objects.filter(benchmark=benchmark).order_by("sequence")
        entries = [Entry(kind=each.kind, told=json.loads(each.payload)) for each in found]
        return cls(entries=entries, handed_in=handed_in)

    def told_by(self, kind: str, **members: Any) -> list[dict[str, Any]]:
        """What entries of a kind tell, of those with these members."""
        return [
            each.told
            for each in self.entries
            if each.kind == kind and members.items() <= each.told.items()
        ]

    def nats(self, k: int, *, holdout: str) -> float:
        """ln sum_{i<=b} C(k,i) C(G,i); a level is 1/sqrt(n) wide."""
        n = self.n_items(holdout)
        levels = math.isqrt(n - 1) + 1
        most = min(self.round_of(holdout)["parameters"]["b"], k, levels)
        return math.log(sum(math.comb(k, i) * math.comb(levels, i) for i in range(most + 1)))

    def n_items(self, holdout: str) -> int:
        shards = [shard for told in self.told_by("seal") for shard in told["holdouts"]]
        return int(next(shard["n_items"] for shard in shards if shard["id"] == holdout))

    def round_of(self, holdout: str) -> dict[str, Any]:
        """A query holdout answers one round."""
        (planned,) = self.told_by("round_planned", query_holdout=holdout)
        return planned

    def reserved(self, holdout: str, teams: Collection[str] | None = None) -> float:
        """What all answers to those who were admitted can tell, and to some of them if these are named."""
        admitted = self.told_by("admit", round=self.round_of(holdout)["round"])
        own = [each["k"] for each in admitted if teams is None or each["team"] in teams]
        return math.fsum(self.nats(k, holdout=holdout) for k in own)

    def transcript(self, holdout: str) -> int:
        return 1 + len(self.told_by("round_rescored", round=self.round_of(holdout)["round"]))

    def answered(
        self, holdout: str, transcript: int, teams: Collection[str] | None = None
    ) -> float:
        """What the answers of a transcript can have told, of each account by itself."""
        releases = self.told_by("release", holdout=holdout, transcript=transcript)
        n_of = Counter(self.handed_in[each["submission"]] for each in releases)
        return math.fsum(
            self.nats(n, holdout=holdout)
            for name, n in n_of.items()
            if name not in self.references and (teams is None or name in teams)
        )

    @property
    def references(self) -> set[str]:
        return {each["team"] for each in self.told_by("reference_received")}

    def superseded(self, holdout: str, teams: Collection[str] | None = None) -> float:
        earlier = range(1, self.transcript(holdout))
        return math.fsum(self.answered(holdout, each, teams) for each in earlier)

    def told(self, holdout: str) -> float:
        """What everybody read: references on the board, each as one query, and what was published of it."""
        shown = [
            each
            for each in self.told_by("release", holdout=holdout)
            if self.handed_in[each["submission"]] in self.references
        ]
        published = self.told_by("fresh_figures_published", holdout=holdout)
        displayed = len(shown) * self.nats(1, holdout=holdout)
        return math.fsum([displayed, *(each["nats"] for each in published)])

    def check_team(self, nats: dict[str, Any], *, holdout: str, teams: Collection[str]) -> None:
        """Compare with a team's budget as the API shows it."""
        superseded = self.superseded(holdout, teams)
        current = self.answered(holdout, self.transcript(holdout), teams)
        told = self.told(holdout)
        expected = {
            "reserved": self.reserved(holdout, teams) + superseded,
            "used": current + superseded,
            "told": told,
            "committed": self.committed(holdout),
            "planned": self.planned(holdout),
        }
        for name, value in expected.items():
            assert math.isclose(nats[name], value, rel_tol=DIGITS), (name, nats[name], value)
        assert nats["planned"] == self.round_of(holdout)["planned_nats"]

    def planned(self, holdout: str) -> float:
        """What it had told when its round was planned, and all queries of as many teams as may see scores."""
        planned = self.round_of(holdout)
        at = next(n for n, each in enumerate(self.entries) if each.told is planned)
        before = Ledger(entries=self.entries[:at], handed_in=self.handed_in)
        told = (each["nats"] for each in before.told_by("fresh_figures_published", holdout=holdout))
        answers = planned["max_teams"] * self.nats(planned["total_limit"], holdout=holdout)
        return math.fsum([*told, answers])

    def committed(self, holdout: str) -> float:
        return self.reserved(holdout) + self.superseded(holdout) + self.told(holdout)

    def used(self, holdout: str) -> float:
        every = range(1, self.transcript(holdout) + 1)
        answers = math.fsum(self.answered(holdout, each) for each in every)
        return answers + self.told(holdout)

    def check_page(self, page: str, *, holdout: str) -> None:
        """Compare with the holdout's page, digit by digit."""
        used, n = self.used(holdout), self.n_items(holdout)
        current = self.answered(holdout, self.transcript(holdout))
        line = (
            f"{current:,.1f} of {self.reserved(holdout):,.1f} nats; all that it ever told: {used:,.1f} nats, "
            f"{used / n:.3g} for each of {n:,} items"
        )
        assert line in page, (line, page)
