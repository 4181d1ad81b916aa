"""The WSGI application that the threads of `config.asgi` run; `HOLDOUT_VAULT_SITE` says for which door."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config import page_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
if settings.SITE == "api":
    application = page_files.serve(application)
