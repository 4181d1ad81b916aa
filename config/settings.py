"""The one settings file. Everything that differs between installations comes from the environment.

What each variable means stands in `config/reference.py`.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from config.environment import Environment

env = Environment(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent

SITE = env.choice("SITE", "api", ("api", "admin", "none"))

SECRET_KEY = env.secret("SECRET_KEY")
START = env.text("START", "")
DEBUG = False
# Where a sign-in leads that named no page of the admin, or a foreign one.
LOGIN_REDIRECT_URL = "admin:index"
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "config.admin_urls" if SITE == "admin" else "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# The API's process carries no admin, no sessions and no password login at all.
_ADMIN_APPS = [
    "django.contrib.admin",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
# The lab's commands play and simulate. No door needs them, and the container image does not carry the lab.
_LAB_APPS = ["lab.attacks", "lab.demo", "lab.leagues", "lab.planning"]
INSTALLED_APPS = [
    *([] if SITE == "api" else _ADMIN_APPS),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "drf_spectacular",
    "vault",
    "audits",
    "webhooks",
    "config",
    *(_LAB_APPS if SITE == "none" and find_spec("lab") else []),
]

API_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.known_hosts.KnownHosts",
    "config.start_mark.middleware",
]
_ADMIN_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.content_security_policy.middleware",
    "config.start_mark.middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# The API's addresses are exact: a POST must not be sent on.
APPEND_SLASH = SITE == "admin"
MIDDLEWARE = API_MIDDLEWARE if SITE == "api" else _ADMIN_MIDDLEWARE

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": env.text("DATABASE_HOST"),
        "PORT": env.text("DATABASE_PORT", "5432"),
        "NAME": env.text("DATABASE_NAME", "holdout_vault"),
        "USER": env.text("DATABASE_USER"),
        "PASSWORD": env.secret("DATABASE_PASSWORD"),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # Of a process that is gone, a session that waits for a lock would keep its own locks meanwhile.
        "OPTIONS": {"options": "-c client_connection_check_interval=5s"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# How long a link serves with which a person sets a password.
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
LOGIN_URL = "admin:login"
if SITE != "api":
    CSRF_FAILURE_VIEW = "vault.admin.refusals.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("SECURE_COOKIES", default=True)
SESSION_COOKIE_NAME = "hv_session"
SESSION_COOKIE_AGE = 12 * 3600

TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "config.formats"
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
WHITENOISE_USE_FINDERS = True

MEDIA_ROOT = env.text("FILES", "/nonexistent")
# Label files that researchers upload stay in memory: nothing unsealed touches a disk.
FILE_UPLOAD_HANDLERS = ["vault.files.memory_files.MemoryOnlyUploadHandler"]
MAX_UPLOAD_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = env.integer("MAX_UPLOAD_BYTES", 64 * 1024 * 1024)
# Bodies are received in front of the threads: config/front/.
WEB_THREADS = env.integer("WEB_THREADS", 6)
SPOOL = env.text("SPOOL", "")
SPOOL_MB = env.integer("SPOOL_MB", 448)
UPLOADS_PER_TEAM = env.integer("UPLOADS_PER_TEAM", 8)
UPLOAD_SECONDS = env.number("UPLOAD_SECONDS", 600.0)
UPLOAD_WINDOW_SECONDS = env.number("UPLOAD_WINDOW_SECONDS", 10.0)
UPLOAD_BYTES_PER_SECOND = env.number("UPLOAD_BYTES_PER_SECOND", 1024.0)
PARSER_PROCESSES = env.integer("PARSER_PROCESSES", 2)
PARSER_BACKLOG = env.integer("PARSER_BACKLOG", 8)
PARSER_MEMORY_MB = env.integer("PARSER_MEMORY_MB", 2048)
PARSER_SECONDS = env.number("PARSER_SECONDS", 20.0)

# Flood throttles of each web process; 0 is none. Query budgets are another thing, in PostgreSQL.
ANONYMOUS_REQUESTS_PER_MINUTE = env.integer("ANONYMOUS_REQUESTS_PER_MINUTE", 600)
TOKEN_REQUESTS_PER_MINUTE = env.integer("TOKEN_REQUESTS_PER_MINUTE", 60_000)
PARSES_PER_MINUTE = env.integer("PARSES_PER_MINUTE", 120)
# A revoked token, or one of a deactivated team, still passes for so long; 0 asks PostgreSQL each time.
TOKEN_CACHE_SECONDS = env.number("TOKEN_CACHE_SECONDS", 5.0)
WAITERS = env.integer("WAITERS", 2)

WEBHOOK_KEY = env.secret("WEBHOOK_KEY", "")
# Beyond the open internet, where HTTPS is demanded, webhooks may lead here, also by plain HTTP.
WEBHOOK_ALLOWED_NETWORKS = env.networks("WEBHOOK_ALLOWED_NETWORKS")
# 80 is of use in those networks alone.
WEBHOOK_PORTS = env.ports("WEBHOOK_PORTS", "80,443,8443")
WEBHOOK_SECONDS = env.number("WEBHOOK_SECONDS", 2.0)

API_URL = env.text("API_URL", "")

# A worker renews its lease three times in this time; what a killed worker held is free after it.
LEASE_SECONDS = env.number("LEASE_SECONDS", 6.0)
RING_SECONDS = env.number("RING_SECONDS", 3.0)
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 60.0)
# An attempt to score that takes longer is an exception, and three of them are a failure.
SCORING_SECONDS = env.number("SCORING_SECONDS", 300.0)
MAX_LOST_LEASES = 10
LOST_LEASES_COUNT_AFTER = 600.0
MAX_EXCEPTIONS = 3
MAX_REFUNDED_FAILURES = 3

# Private keys: set in one worker process each, and in no other.
SCORING_PRIVATE_KEY_FILE = env.text("SCORING_PRIVATE_KEY_FILE", "")
AUDIT_PRIVATE_KEY_FILE = env.text("AUDIT_PRIVATE_KEY_FILE", "")
SIGNING_PRIVATE_KEY_FILE = env.text("SIGNING_PRIVATE_KEY_FILE", "")

CELERY_BROKER_URL = env.secret("BROKER_URL", "redis+socket:///nonexistent")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 1.0,
    "socket_connect_timeout": 0.5,
    "visibility_timeout": 3600,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
CELERY_TASK_DEFAULT_QUEUE = "scoring"
CELERY_TASK_ROUTES = {
    "audits.tasks.*": {"queue": "audit"},
    # It holds the one key that opens a retired holdout.
    "vault.tasks.disclose_holdout": {"queue": "audit"},
    "vault.tasks.sweep_disclosures": {"queue": "audit"},
    "vault.tasks.verify_envelope": {"queue": "audit"},
    "vault.tasks.sweep_envelopes": {"queue": "audit"},
    "vault.tasks.correct_labels": {"queue": "audit"},
    "vault.tasks.sweep_corrections": {"queue": "audit"},
    "webhooks.tasks.*": {"queue": "webhooks"},
}
CELERY_BEAT_SCHEDULE = {
    "notify": {
        "task": "vault.tasks.notify",
        "schedule": RING_SECONDS,
        "options": {"expires": 3 * RING_SECONDS},
    },
    "sweep": {"task": "vault.tasks.sweep", "schedule": SWEEP_SECONDS},
    "sweep-audits": {"task": "audits.tasks.sweep", "schedule": SWEEP_SECONDS},
    "sweep-disclosures": {"task": "vault.tasks.sweep_disclosures", "schedule": SWEEP_SECONDS},
    "sweep-envelopes": {"task": "vault.tasks.sweep_envelopes", "schedule": SWEEP_SECONDS},
    "sweep-corrections": {"task": "vault.tasks.sweep_corrections", "schedule": SWEEP_SECONDS},
    "sweep-rescoring": {"task": "vault.tasks.sweep_rescoring", "schedule": SWEEP_SECONDS},
    "send-webhooks": {
        "task": "webhooks.tasks.send",
        "schedule": WEBHOOK_SECONDS,
        # A tick that nobody heard is worth nothing once the next has come.
        "options": {"expires": WEBHOOK_SECONDS},
    },
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["vault.api.authentication.TeamTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["vault.api.permissions.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "vault.api.problems.handle_exception",
    "DEFAULT_THROTTLE_CLASSES": ["vault.api.throttles.FloodThrottle"],
    "NUM_PROXIES": env.integer("PROXIES", 0),
    "DEFAULT_METADATA_CLASS": "vault.api.options.AllowHeaderOnly",
    # `format` is no parameter of views that do not offer it.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "config.description.DescribedOperation",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Holdout Vault",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "POSTPROCESSING_HOOKS": ["config.description.complete"],
    "SORT_OPERATIONS": False,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"sparing": {"()": "config.log_lines.Sparing"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["sparing"]}
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("django.db.backends", "httpx")},
}

env.refuse_unknown()
