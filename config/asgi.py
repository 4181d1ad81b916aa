"""The entry of both web processes; `HOLDOUT_VAULT_SITE` says which one this is."""

from config.wsgi import application as wsgi_application  # isort: skip  (it sets Django up)

import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from config.front.doors import Door
from config.front.places import Places
from config.front.receiving import Front
from config.front.spool import Pace, Spool
from config.front.threads import Application, Threads
from config.known_hosts import PROBES

DOORS = {"api": "config.front.doors.ApiDoor", "admin": "config.front.admin_door.AdminDoor"}
# Of a body, before it goes to a file.
IN_MEMORY = 1024 * 1024
# Bodies that may arrive at once in one process; the server takes some hundreds of connections.
MAX_AT_ONCE = 128
PATIENCE = 2.0


def front(application: Application) -> Front:
    """Build what the server calls for this process's door, by the settings."""
    door: Door = import_string(DOORS[settings.SITE])()
    directory = Path(settings.SPOOL or tempfile.gettempdir()) if door.spools_to_disk else None
    # Without a directory the bodies take memory.
    most_bytes = settings.SPOOL_MB << 20 if directory else 3 * settings.MAX_UPLOAD_BYTES
    pace = Pace(
        seconds=settings.UPLOAD_SECONDS,
        window_seconds=settings.UPLOAD_WINDOW_SECONDS,
        bytes_per_second=settings.UPLOAD_BYTES_PER_SECOND,
    )

    def places(*, most: int, most_of_one: int) -> Places:
        return Places(
            most=most,
            most_of_one=most_of_one,
            most_bytes=most_bytes,
            most_bytes_of_one=max(settings.MAX_UPLOAD_BYTES, most_bytes // 4),
            patience=PATIENCE,
            most_waiting=MAX_AT_ONCE,
        )

    return Front(
        threads=Threads(application=application, n=settings.WEB_THREADS, probes=PROBES),
        door=door,
        spool=Spool(directory=directory, in_memory=IN_MEMORY, pace=pace),
        places=places(most=MAX_AT_ONCE, most_of_one=settings.UPLOADS_PER_TEAM),
        places_of_strangers=places(most=MAX_AT_ONCE // 4, most_of_one=MAX_AT_ONCE // 8),
    )


application = front(wsgi_application)
