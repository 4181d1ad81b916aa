"""Served as the API is, whose process these pages come from."""

from tests.vault.api.conftest import _served, world

__all__ = ["_served", "world"]
