"""A port belongs to one service, whoever else is on the machine, and stays the same from start to start."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from service import commands, ports
from service.home import EmbeddedServerError


@contextmanager
def listener(*, shares: bool, port: int = 0) -> Iterator[int]:
    """Another program on a port; `shares` it as the HTTP server does."""
    with socket.socket() as listening:
        if shares:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((ports.HOST, port))
        listening.listen()
        yield int(listening.getsockname()[1])


def a_door(port: int) -> ports.Door:
    return ports.Door(name="API", option="--port", port=port)


def chosen(home: Path, door: ports.Door, asked: int | None) -> tuple[int, list[str]]:
    said: list[str] = []
    with ports.held(home=home, door=door, asked=asked, say=said.append) as port:
        return port, said


def test_free_port_is_taken_without_a_word(tmp_path: Path) -> None:
    port = ports.free_port()

    assert chosen(tmp_path, a_door(port), None) == (port, [])
    assert chosen(tmp_path, a_door(1), port) == (port, [])


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("shares", [False, True])
def test_port_that_is_taken_is_said_and_another_is_kept(
    tmp_path: Path, shares: bool, asked: bool
) -> None:
    with listener(shares=shares) as taken:
        door = a_door(taken)
        port, said = chosen(tmp_path, door, taken if asked else None)
        again, _ = chosen(tmp_path, door, taken if asked else None)
    later, said_later = chosen(tmp_path, door, None)

    assert port != taken
    assert said == [
        f"port {taken} is taken by another program: the API is on port {port}, at the next start, too; "
        "type --port NUMBER to choose one"
    ]
    assert later == again == port
    assert said_later == [
        f"the API is on port {port} as at the last start; type --port NUMBER to choose one"
    ]


def test_port_that_is_asked_for_ends_the_search(tmp_path: Path) -> None:
    with listener(shares=True) as taken:
        kept, _ = chosen(tmp_path, a_door(taken), None)

    assert chosen(tmp_path, a_door(taken), taken) == (taken, [])
    assert chosen(tmp_path, a_door(taken), None) == (taken, [])
    assert kept != taken


def test_port_that_is_asked_for_is_that_of_the_next_start_too(tmp_path: Path) -> None:
    """Addresses that were given out while it had the port go on leading to it."""
    door, asked = a_door(ports.free_port()), ports.free_port()

    first, said = chosen(tmp_path, door, asked)
    later, said_later = chosen(tmp_path, door, None)
    usual = [chosen(tmp_path, door, door.port)[0], chosen(tmp_path, door, None)[0]]

    assert (first, said) == (asked, [])
    assert (later, said_later) == (
        asked,
        [f"the API is on port {asked} as at the last start; type --port NUMBER to choose one"],
    )
    assert usual == [door.port] * 2


def test_kept_port_that_somebody_took_is_said(tmp_path: Path) -> None:
    door, asked = a_door(ports.free_port()), ports.free_port()
    chosen(tmp_path, door, asked)

    with listener(shares=True, port=asked):
        port, said = chosen(tmp_path, door, None)

    assert port == door.port
    assert said == [
        f"port {asked} is taken by another program: the API is on port {port}, at the next start, too; "
        "type --port NUMBER to choose one"
    ]
    assert chosen(tmp_path, door, None) == (door.port, [])


def test_any_port_leaves_what_was_kept(tmp_path: Path) -> None:
    door, asked = a_door(ports.free_port()), ports.free_port()
    chosen(tmp_path, door, asked)
    chosen(tmp_path, door, 0)

    assert chosen(tmp_path, door, None)[0] == asked


def test_two_services_that_start_together_share_nothing(tmp_path: Path) -> None:
    """Neither listens yet, as in the seconds before the web is up."""
    door = a_door(ports.free_port())
    said: list[str] = []
    homes = [tmp_path / name for name in ("a", "b", "c")]
    with ExitStack() as stack:
        found = []
        for home in homes:
            home.mkdir()
            found.append(
                stack.enter_context(ports.held(home=home, door=door, asked=None, say=said.append))
            )

    assert len(set(found)) == 3
    assert found[0] == door.port
    assert [each.split(":")[0] for each in said] == [
        f"port {door.port} is taken by another Holdout Vault"
    ] * 2


def test_any_port_is_neither_said_nor_kept(tmp_path: Path) -> None:
    with ExitStack() as stack:
        said: list[str] = []
        found = [
            stack.enter_context(ports.held(home=tmp_path, door=door, asked=0, say=said.append))
            for door in (ports.API, ports.ADMIN)
        ]

    assert len(set(found)) == 2
    assert said == []
    assert not (tmp_path / ports.KEPT).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"API": "x"}', '{"API": 700000}', '{"API": -1}'])
def test_kept_port_that_cannot_be_read_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / ports.KEPT).write_text(content)
    door = a_door(ports.free_port())

    assert chosen(tmp_path, door, None) == (door.port, [])


def test_doors_keep_their_own_ports(tmp_path: Path) -> None:
    with listener(shares=True) as first, listener(shares=True) as second:
        doors = [a_door(first), ports.Door(name="admin", option="--admin-port", port=second)]
        found = {door.name: chosen(tmp_path, door, None)[0] for door in doors}

    assert json.loads((tmp_path / ports.KEPT).read_text()) == found


def test_port_that_is_closed_to_the_account_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError

    monkeypatch.setattr(ports, "_lock", lambda port: socket.socket())
    monkeypatch.setattr(socket.socket, "bind", refuse)

    with pytest.raises(EmbeddedServerError, match="port 80 is closed to this account"):
        chosen(tmp_path, ports.API, 80)


@pytest.mark.parametrize("text", ["70000", "-1", "http", ""])
def test_port_that_is_none_is_refused_in_words(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        commands.service_arguments("serve").parse_args([f"--port={text}"])

    assert "is no port" in capsys.readouterr().err
