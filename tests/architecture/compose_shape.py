"""What the security of docker-compose.yml rests on, as checks of its shape.

Each check takes the parsed file and gives the problems it sees, so that it can be tried on broken files.
"""

from collections.abc import Callable, Iterator
from typing import Any

Compose = dict[str, Any]
Problems = Iterator[str]

PRIVATE_KEYS = {
    "scoring-key": "worker-scoring",
    "audit-key": "worker-audit",
    "signing-key": "worker-audit",
}
PUBLISHING = {"nginx", "admin"}
CALLING_OUT = {"worker-webhooks"}
STORES = {"db", "valkey"}
# The audit worker writes what it discloses.
FILE_WRITERS = {"web", "admin", "worker-audit"}
FILE_READERS = {"worker-scoring"}
SECRETS = "/run/secrets/"


def services(compose: Compose) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from compose["services"].items()


def environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def secrets(service: dict[str, Any]) -> list[str]:
    return [
        each if isinstance(each, str) else str(each["source"])
        for each in service.get("secrets", [])
    ]


def confinement(compose: Compose) -> Problems:
    for name, service in services(compose):
        if service.get("read_only") is not True:
            yield f"{name} can write to its root file system"
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
            yield f"{name} keeps capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name} may gain privileges"
        if str(service.get("user", "0")).partition(":")[0] in ("", "0", "root"):
            yield f"{name} runs as root"
        loose = {"privileged", "devices", "network_mode", "pid", "ipc", "userns_mode", "group_add"}
        for option in sorted(loose & set(service)):
            yield f"{name} is loosened by {option}"


def mounts(compose: Compose) -> Problems:
    for name, service in services(compose):
        for volume in service.get("volumes", []):
            if not isinstance(volume, str):
                yield f"{name} mounts in the long form, which is not checked"
                continue
            source, _, options = str(volume).partition(":")
            if source.startswith(("/", ".", "~")):
                if not options.endswith(":ro"):
                    yield f"{name} can write to the host's {source}"
                if not source.startswith("./deploy/") or "secrets" in source:
                    yield f"{name} mounts the host's {source}"
            elif source == "files":
                read_only = options.endswith(":ro")
                if name in FILE_READERS and not read_only:
                    yield f"{name} can change files that it should only read"
                if name not in FILE_READERS | FILE_WRITERS:
                    yield f"{name} has no business with files"


def ports(compose: Compose) -> Problems:
    for name, service in services(compose):
        for port in service.get("ports", []):
            if name not in PUBLISHING:
                yield f"{name} publishes a port"
            if not isinstance(port, str) or not port.startswith("127.0.0.1:"):
                yield f"{name} publishes beyond loopback"


def networks(compose: Compose) -> Problems:
    internal = {
        name for name, options in compose["networks"].items() if (options or {}).get("internal")
    }
    for name, service in services(compose):
        joined = set(service.get("networks", []))
        if not joined:
            yield f"{name} is on the default network"
        if name not in PUBLISHING | CALLING_OUT and not joined <= internal:
            yield f"{name} can reach the outside"
    joined_by_nginx = set(compose["services"]["nginx"]["networks"])
    for name, service in services(compose):
        if name not in ("nginx", "web") and joined_by_nginx & set(service.get("networks", [])):
            yield f"nginx can reach {name}"


def private_keys(compose: Compose) -> Problems:
    for name, service in services(compose):
        for key, owner in PRIVATE_KEYS.items():
            if (key in secrets(service)) != (name == owner):
                yield f"{key} is {'with' if key in secrets(service) else 'missing from'} {name}"
            setting = f"HOLDOUT_VAULT_{key.partition('-')[0].upper()}_PRIVATE_KEY_FILE"
            if (setting in environment(service)) != (name == owner):
                yield f"{setting} is wrongly given or missing in {name}"


def passwords(compose: Compose) -> Problems:
    for name, service in services(compose):
        if name == "db":
            continue
        held = {each for each in secrets(service) if each.startswith("database-")}
        role = environment(service).get("HOLDOUT_VAULT_DATABASE_USER", "none")
        expected = set() if role == "none" else {f"database-{role}"}
        if held != expected:
            yield f"{name} holds {sorted(held)} and should hold {sorted(expected)}"
        if held and name in STORES | {"nginx", "beat"}:
            yield f"{name} has no business with the database"


def secrets_by_file(compose: Compose) -> Problems:
    for name, service in services(compose):
        mounted = {SECRETS + each for each in secrets(service)}
        for variable, value in environment(service).items():
            is_secret = any(word in variable for word in ("PASSWORD", "SECRET", "KEY", "BROKER"))
            if is_secret and not variable.endswith("_FILE") and value:
                yield f"{name} has {variable} in the open"
            if value.startswith(SECRETS) and value not in mounted:
                yield f"{name} reads {value}, which it does not mount"
        mentioned = str(service.get("command", "")) + str(list(environment(service).values()))
        for each in sorted(mounted):
            # The init script of the database reads its passwords by name.
            if each not in mentioned and not (name == "db" and "/database-" in each):
                yield f"{name} mounts {each} for nothing"
    for secret, options in compose["secrets"].items():
        if set(options) != {"file"} or not options["file"].startswith("./deploy/secrets/"):
            yield f"the secret {secret} is not a file below deploy/secrets"


def health(compose: Compose) -> Problems:
    completed = set()
    for name, service in services(compose):
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_completed_successfully":
                completed.add(other)
            elif how["condition"] != "service_healthy":
                yield f"{name} does not wait until {other} is ready"
    for name, service in services(compose):
        check = service.get("healthcheck", {})
        if service.get("restart") == "no":
            if name not in completed:
                yield f"nobody waits for {name} to complete"
        elif not check.get("test") or check.get("disable"):
            yield f"nobody sees whether {name} is well"


def images(compose: Compose) -> Problems:
    for name, service in services(compose):
        tag = str(service.get("image", "")).partition(":")[2]
        if not any(character.isdigit() for character in tag):
            yield f"{name} runs an image of no fixed version"


CHECKS: list[Callable[[Compose], Problems]] = [
    confinement,
    mounts,
    ports,
    networks,
    private_keys,
    passwords,
    secrets_by_file,
    health,
    images,
]


def problems(compose: Compose) -> list[str]:
    return [problem for check in CHECKS for problem in check(compose)]
