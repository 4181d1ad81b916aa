"""OPTIONS names the methods of an address in `Allow`, and describes nothing: the description does."""

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request


class AllowHeaderOnly(BaseMetadata):
    def determine_metadata(self, request: Request, view: Any) -> None:
        return None
