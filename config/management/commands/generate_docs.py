"""Write the reference pages, or say which of them no longer agree with the code."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.reference import PAGES
from config.settings import BASE_DIR


class Command(BaseCommand):
    help = "Write docs/errors.md and docs/reference from the code; with --check, only compare."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if outdated")
        parser.add_argument("--directory", type=Path, default=BASE_DIR / "docs")

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        pages = {directory / name: write() for name, write in PAGES.items()}
        if options["check"]:
            # A page there that nothing writes any more would go on saying what once was.
            written = sorted((directory / "reference").glob("*.md"))
            left_over = [path.name for path in written if path not in pages]
            outdated = [
                path.name
                for path, text in sorted(pages.items())
                if not path.exists() or path.read_text() != text
            ]
            if outdated or left_over:
                raise CommandError(
                    f"not current: {', '.join(outdated + left_over)}; run manage.py generate_docs"
                )
            return
        for path, text in pages.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
