"""The few static files of the API's pages: Swagger UI from its package, and the pages' own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
from whitenoise import WhiteNoise

from config.settings import BASE_DIR

SIDECAR = Path(drf_spectacular_sidecar.__file__).parent / "static" / "drf_spectacular_sidecar"
DIRECTORIES = {
    "static/swagger-ui/": SIDECAR / "swagger-ui-dist",
    "static/description/": BASE_DIR / "vault" / "static" / "description",
    "static/pages/": BASE_DIR / "vault" / "static" / "pages",
    "static/token-link/": BASE_DIR / "vault" / "static" / "token-link",
}
MAX_AGE = 3600


def serve(application: Callable[..., Any]) -> WhiteNoise:
    """Answer for these files alone; everything else goes to the application."""
    served = WhiteNoise(
        application, max_age=MAX_AGE, allow_all_origins=False, add_headers_function=_add_headers
    )
    for prefix, directory in DIRECTORIES.items():
        served.add_files(str(directory), prefix=prefix)
    return served


def _add_headers(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
