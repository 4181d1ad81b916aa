"""Processor time by process group, of a program and all its descendants, as the kernel counts it.

The time of a child that has ended and was waited for is its parent's from then on, so the sum over a tree
that is alive grows by all that was done in it.
"""

import os
from collections.abc import Mapping

from service.leftovers import PROC, all_seen

# The parser's children belong to the web's processes and are counted apart.
PARSER = "parser"
PARSER_MARK = b"vault.files.parser_child"
MS_PER_TICK = 1000 / os.sysconf("SC_CLK_TCK")


def spent(roots: Mapping[int, str]) -> dict[str, float]:
    """Sum the milliseconds of each group so far; `roots` names the group of each leading process."""
    processes = {each.pid: each for each in all_seen()}
    total = dict.fromkeys(roots.values(), 0.0)
    for process in processes.values():
        pid = process.pid
        while pid in processes and pid not in roots:
            pid = processes[pid].parent
        if pid not in roots:
            continue
        try:
            command = (PROC / str(process.pid) / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        name = PARSER if PARSER_MARK in command else roots[pid]
        total[name] = total.get(name, 0.0) + process.ticks * MS_PER_TICK
    return total
