"""The demo: real data, a cast and three boards of a running service, and its rehearsal in memory.

Commands: `demo`, `rehearse_demo`, `tabulate_demos`, and `stage_benchmark` for tests of the whole service.
"""
