"""The container deployment: valid, confined, and the twin of the embedded service."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection

from config.reference import errors_page
from config.settings import BASE_DIR, env
from service import processes, snapshot
from service.programs import Program
from tests.architecture import compose_shape
from tests.architecture.compose_shape import Compose, environment
from vault.api import problems

PATH = BASE_DIR / "docker-compose.yml"
COMPOSE: Compose = yaml.safe_load(PATH.read_text())
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
NGINX = (BASE_DIR / "deploy" / "nginx.conf").read_text()


def schema_errors(path: Path) -> str:
    """What the schema of the compose specification says of a file."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            str(path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout if done.returncode else ""


def test_file_is_valid_by_the_compose_specification() -> None:
    assert schema_errors(PATH) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("healthcheck:", "heathcheck:"),
        ("read_only: true", "read_only: [true]"),
        ("condition: service_healthy", "condition: service_well"),
        ("internal: true", "internals: true"),
    ],
)
def test_schema_catches_what_is_misspelt(right: str, wrong: str, tmp_path: Path) -> None:
    text = PATH.read_text()
    assert right in text
    (tmp_path / "docker-compose.yml").write_text(text.replace(right, wrong, 1))

    assert schema_errors(tmp_path / "docker-compose.yml")


def test_shape_is_secure() -> None:
    assert compose_shape.problems(COMPOSE) == []


def put(*keys: str) -> Callable[..., Callable[[Compose], None]]:
    """A change that sets (or, with None, removes) what stands at `keys` of the services."""

    def to(value: object) -> Callable[[Compose], None]:
        def change(compose: Compose) -> None:
            place: Any = compose["services"]
            for key in keys[:-1]:
                place = place[key]
            if value is None:
                del place[keys[-1]]
            else:
                place[keys[-1]] = value

        return change

    return to


def add(*keys: str) -> Callable[[str], Callable[[Compose], None]]:
    """A change that appends to the list at `keys` of the services."""

    def item(value: str) -> Callable[[Compose], None]:
        def change(compose: Compose) -> None:
            place: Any = compose["services"]
            for key in keys[:-1]:
                place = place[key]
            place[keys[-1]] = [*place.get(keys[-1], []), value]

        return change

    return item


def open_network(compose: Compose) -> None:
    compose["networks"]["database"] = {}


def plain_secret(compose: Compose) -> None:
    compose["secrets"]["broker-url"] = {"environment": "BROKER_URL"}


BROKEN: list[tuple[Callable[[Compose], None], str]] = [
    (put("web", "read_only")(None), "web can write to its root"),
    (put("db", "cap_drop")(["NET_RAW"]), "db keeps capabilities"),
    (put("nginx", "cap_add")(["NET_BIND_SERVICE"]), "nginx keeps capabilities"),
    (put("beat", "security_opt")([]), "beat may gain privileges"),
    (put("admin", "user")("0:0"), "admin runs as root"),
    (put("valkey", "user")(None), "valkey runs as root"),
    (put("web", "privileged")(True), "web is loosened by privileged"),
    (put("web", "network_mode")("host"), "web is loosened by network_mode"),
    (add("web", "volumes")("/var/run/docker.sock:/docker.sock:ro"), "web mounts the host's /var"),
    (add("web", "volumes")("./deploy/secrets/keys:/keys:ro"), "web mounts the host's"),
    (put("nginx", "volumes")(["./deploy/nginx.conf:/etc/nginx/nginx.conf"]), "nginx can write"),
    (put("worker-scoring", "volumes")(["files:/srv/files"]), "worker-scoring can change files"),
    (add("worker-webhooks", "volumes")("files:/srv/files"), "worker-webhooks has no business"),
    (add("beat", "volumes")("files:/srv/files"), "beat has no business with files"),
    (add("db", "ports")("127.0.0.1:5432:5432"), "db publishes a port"),
    (add("valkey", "ports")("127.0.0.1:6379:6379"), "valkey publishes a port"),
    (add("web", "ports")("127.0.0.1:8002:8000"), "web publishes a port"),
    (put("nginx", "ports")(["8000:8080"]), "nginx publishes beyond loopback"),
    (put("admin", "ports")(["0.0.0.0:8001:8001"]), "admin publishes beyond loopback"),
    (open_network, "db can reach the outside"),
    (add("worker-scoring", "networks")("edge"), "worker-scoring can reach the outside"),
    (add("worker-audit", "networks")("outside"), "worker-audit can reach the outside"),
    (add("nginx", "networks")("database"), "nginx can reach db"),
    (add("db", "networks")("front"), "nginx can reach db"),
    (put("web", "networks")(None), "web is on the default network"),
    (add("web", "secrets")("scoring-key"), "scoring-key is with web"),
    (add("worker-webhooks", "secrets")("audit-key"), "audit-key is with worker-webhooks"),
    (add("worker-scoring", "secrets")("audit-key"), "audit-key is with worker-scoring"),
    (add("worker-audit", "secrets")("scoring-key"), "scoring-key is with worker-audit"),
    (put("worker-audit", "secrets")(["audit-key"]), "worker-audit holds []"),
    (put("worker-scoring", "secrets")([]), "scoring-key is missing from worker-scoring"),
    (
        put("admin", "environment", "HOLDOUT_VAULT_AUDIT_PRIVATE_KEY_FILE")("/keys/audit.key"),
        "HOLDOUT_VAULT_AUDIT_PRIVATE_KEY_FILE is wrongly given",
    ),
    (add("web", "secrets")("database-owner"), "web holds"),
    (put("web", "environment", "HOLDOUT_VAULT_DATABASE_USER")("owner"), "web holds"),
    (add("nginx", "secrets")("database-web"), "nginx holds"),
    (
        put("web", "environment", "HOLDOUT_VAULT_SECRET_KEY")("x"),
        "HOLDOUT_VAULT_SECRET_KEY in the open",
    ),
    (put("db", "environment", "POSTGRES_PASSWORD")("x"), "POSTGRES_PASSWORD in the open"),
    (put("web", "environment", "HOLDOUT_VAULT_BROKER_URL")("redis://x"), "BROKER_URL in the open"),
    (put("beat", "environment", "X_FILE")("/run/secrets/database-web"), "does not mount"),
    (add("beat", "secrets")("django-admin"), "beat mounts /run/secrets/django-admin for nothing"),
    (plain_secret, "the secret broker-url is not a file"),
    (put("worker-scoring", "healthcheck")(None), "nobody sees whether worker-scoring is well"),
    (put("db", "healthcheck", "disable")(True), "nobody sees whether db is well"),
    (put("web", "depends_on", "db")({"condition": "service_started"}), "web does not wait"),
    (put("worker-audit", "restart")("no"), "nobody waits for worker-audit"),
    (put("db", "image")("postgres"), "db runs an image of no fixed version"),
    (put("db", "image")("postgres:latest"), "db runs an image of no fixed version"),
]


@pytest.mark.parametrize(("change", "expected"), BROKEN, ids=[problem for _, problem in BROKEN])
def test_broken_shape_is_seen(change: Callable[[Compose], None], expected: str) -> None:
    compose = copy.deepcopy(COMPOSE)
    change(compose)

    found = compose_shape.problems(compose)

    assert any(expected in problem for problem in found), found


def test_settings_in_the_file_are_known() -> None:
    given = {
        name
        for each in COMPOSE["services"].values()
        for name in environment(each)
        if name.startswith("HOLDOUT_VAULT_")
    }

    assert given
    assert given - env.known_names() == set()


def essence(command: list[str]) -> list[str]:
    """A command from its program on, without where it listens, keeps its state and what it is called."""
    start = next(i for i, word in enumerate(command) if word in ("granian", "celery"))
    words = command[start:]
    placed = {
        i + step
        for i, word in enumerate(words)
        if word in ("--host", "--port", "-n", "-s")
        for step in (0, 1)
    }
    return [word for i, word in enumerate(words) if i not in placed]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Program]:
    monkeypatch.setenv("HOLDOUT_VAULT_WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("HOLDOUT_VAULT_WEBHOOK_PORTS", "9000")
    monkeypatch.setenv("HOLDOUT_VAULT_DATABASE_NAME", "another")
    twin = processes.Service(home=tmp_path, code=BASE_DIR)
    found = processes._programs(twin, port=8000, admin_port=8001, account="root")
    return {program.name: program for program in found}


def test_services_are_those_of_the_embedded_service(programs: dict[str, Program]) -> None:
    assert set(COMPOSE["services"]) - set(programs) == {"db", "migrate", "nginx"}
    assert set(programs) <= set(COMPOSE["services"])


@pytest.mark.parametrize(
    "name", ["web", "admin", "worker-scoring", "worker-audit", "worker-webhooks", "beat"]
)
def test_service_is_the_twin_of_the_embedded_one(name: str, programs: dict[str, Program]) -> None:
    given, twin = environment(COMPOSE["services"][name]), programs[name].environment

    assert essence(COMPOSE["services"][name]["command"]) == essence(programs[name].command)
    assert given["HOLDOUT_VAULT_SITE"] == twin["HOLDOUT_VAULT_SITE"]
    assert {key for key in given if "PRIVATE" in key} == {key for key in twin if "PRIVATE" in key}
    for shared in ("HOLDOUT_VAULT_SPOOL", "HOLDOUT_VAULT_WEB_THREADS"):
        assert (shared in given) == (shared in twin)
    assert given.get("HOLDOUT_VAULT_WEB_THREADS") == twin.get("HOLDOUT_VAULT_WEB_THREADS")
    signs = "HOLDOUT_VAULT_WEBHOOK_KEY"
    assert (f"{signs}_FILE" in given) == (signs in twin)
    # Without containers around it, beat runs with a role like the others; here it has no database.
    if name != "beat":
        assert given["HOLDOUT_VAULT_DATABASE_USER"] == twin["HOLDOUT_VAULT_DATABASE_USER"]


def test_disk_for_bodies_holds_what_the_workers_may_put_there() -> None:
    (spool,) = (each for each in COMPOSE["services"]["web"]["tmpfs"] if each.startswith("/spool:"))
    command = COMPOSE["services"]["web"]["command"]
    of_a_worker = next(each.default for each in env.questions if each.name == "SPOOL_MB")

    assert "mode=0700" in spool
    assert spool.endswith("size=1g")
    assert int(command[command.index("--workers") + 1]) * int(str(of_a_worker)) < 1024


def test_launcher_takes_over_where_webhooks_lead_and_chooses_the_rest(
    programs: dict[str, Program],
) -> None:
    for name in ("web", "worker-webhooks"):
        environment = programs[name].environment
        assert environment["HOLDOUT_VAULT_WEBHOOK_ALLOWED_NETWORKS"] == "127.0.0.0/8"
        assert environment["HOLDOUT_VAULT_WEBHOOK_PORTS"] == "9000"
        assert environment["HOLDOUT_VAULT_DATABASE_NAME"] != "another"


def test_broker_keeps_what_the_embedded_one_keeps(programs: dict[str, Program]) -> None:
    twin = programs["valkey"].command
    kept = [
        twin[twin.index(word) : twin.index(word) + 2]
        for word in ("--save", "--appendonly", "--appendfsync")
    ]
    command = COMPOSE["services"]["valkey"]["command"]

    assert [command[command.index(word) : command.index(word) + 2] for word, _ in kept] == kept


@pytest.mark.django_db
def test_servers_are_the_versions_that_the_tests_run_on(
    programs: dict[str, Program],
) -> None:
    valkey = subprocess.run(
        [programs["valkey"].command[0], "--version"], capture_output=True, text=True, check=True
    ).stdout
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        major = int(cursor.fetchone()[0]) // 10000

    assert COMPOSE["services"]["db"]["image"].startswith(f"postgres:{major}-")
    assert f"v={COMPOSE['services']['valkey']['image'].partition(':')[2]}." in valkey


def test_image_is_built_from_the_lock_file_by_hash() -> None:
    assert "--require-hashes -r /tmp/requirements.lock" in DOCKERFILE
    assert "--only-binary :all:" in DOCKERFILE
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)) == {
        "python:3.11-slim-bookworm"
    }


def test_final_image_has_no_installer_and_no_root() -> None:
    final = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]

    assert "uninstall --yes pip setuptools wheel" in final
    assert re.search(r"apt-get|gcc|build-essential|\binstall --no", final) is None
    assert re.findall(r"^USER (\S+)$", final, flags=re.MULTILINE) == ["10001:10001"]
    assert {each["user"] for each in COMPOSE["services"].values() if "build" in each} == {
        "10001:10001"
    }


def test_image_holds_the_code_and_nothing_else() -> None:
    copied = set(re.findall(r"^COPY (?!--)(\S+)", DOCKERFILE, flags=re.MULTILINE))
    ignored = (BASE_DIR / ".dockerignore").read_text().splitlines()

    # The launcher is of no use there: containers have servers and supervision of their own. The lab attacks.
    assert copied == {*snapshot.PACKAGES, "requirements.lock"} - {"service", "lab"}
    assert next(line for line in ignored if not line.startswith("#")) == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_proxy_reads_bodies_to_their_end_and_tells_where_they_came_from() -> None:
    body = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    upload = next(each.default for each in env.questions if each.name == "MAX_UPLOAD_BYTES")

    assert "proxy_request_buffering on;" in NGINX
    # A file that is a little too large gets the service's own answer, not the proxy's.
    assert [int(size) * 1024**2 > int(str(upload)) for size in body] == [True]
    for header in ("Host", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"):
        assert f"proxy_set_header {header} " in NGINX


def test_proxy_answers_as_the_api_does() -> None:
    answers = [
        (int(status), json.loads(body))
        for status, body in re.findall(r"return (\d+) '(.+)';", NGINX)
    ]

    assert [status for status, _ in answers] == [413, 503]
    for status, body in answers:
        detail = body.pop("detail")
        assert body == {
            name: value
            for name, value in problems.body(
                status=status, code=body["code"], detail=detail
            ).items()
            if name != "detail"
        }
    assert answers[0][1]["code"] in errors_page()
