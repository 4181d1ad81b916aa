"""Processor time by process group, of a program and all its descendants, as the kernel counts it.

The time of a child that has ended and was waited for is its parent's from then on, so the sum over a tree
that is alive grows by all that was done in it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# The parser's children belong to the web's processes and are counted apart.
PARSER = "parser"
PARSER_MARK = b"vault.files.parser_child"
MS_PER_TICK = 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class _Process:
    parent: int
    ticks: int
    is_parser: bool


def spent(roots: Mapping[int, str]) -> dict[str, float]:
    """Milliseconds so far of each group: `roots` names the group of each leading process by its number."""
    processes = _processes()
    total = dict.fromkeys(roots.values(), 0.0)
    for number, process in processes.items():
        group = _group(number, processes, roots)
        if group is None:
            continue
        name = PARSER if process.is_parser else group
        total[name] = total.get(name, 0.0) + process.ticks * MS_PER_TICK
    return total


def _group(number: int, processes: Mapping[int, _Process], roots: Mapping[int, str]) -> str | None:
    while number not in roots:
        if number not in processes:
            return None
        number = processes[number].parent
    return roots[number]


def _processes() -> dict[int, _Process]:
    found = {}
    for directory in Path("/proc").iterdir():
        if not directory.name.isdecimal():
            continue
        try:
            stat = (directory / "stat").read_text()
            command = (directory / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        # The name, in parentheses, may hold anything; fields are counted from behind it.
        fields = stat.rpartition(")")[2].split()
        found[int(directory.name)] = _Process(
            parent=int(fields[1]),
            ticks=sum(map(int, fields[11:15])),
            is_parser=PARSER_MARK in command,
        )
    return found
