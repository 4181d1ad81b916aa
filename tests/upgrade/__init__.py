"""Installations of earlier releases, which the code of today must take over.

`release_before_label_versions.tar.xz` is what `stage.py` made with the code of 26 November 2026 (vault
migration 0029), dumped by pg_dump: `database.sql`, the stored `files/`, and in `expected.json` what that code
answered.
"""
