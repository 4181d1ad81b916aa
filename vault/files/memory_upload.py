"""Uploads stay in memory: a label file must never touch a disk unsealed."""

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler


class MemoryOnlyUploadHandler(MemoryFileUploadHandler):
    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True
