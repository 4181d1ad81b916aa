"""Webhooks lead to the open internet alone, in whatever form an address is written."""

import ipaddress

import pytest

from webhooks import lookups, targets
from webhooks.targets import Network, Target, TargetRefusedError

USUAL = [range(80, 81), range(443, 444), range(8443, 8444)]
LOOPBACK: list[Network] = [ipaddress.ip_network("127.0.0.0/8")]


def parse(url: str, allowed: list[Network] | None = None) -> Target:
    return targets.parse(url=url, allowed=allowed or [], ports=USUAL)


def names(monkeypatch: pytest.MonkeyPatch, **hosts: list[str]) -> None:
    """Let names have these addresses."""

    def look_up(*, host: str) -> list[str]:
        return hosts.get(host.replace(".", "_"), [])

    monkeypatch.setattr(lookups, "addresses", look_up)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ci.example.org/hook?a=b", ("ci.example.org", 443, "/hook?a=b", "ci.example.org")),
        ("https://CI.example.org", ("ci.example.org", 443, "/", "ci.example.org")),
        ("https://ci.example.org:8443/", ("ci.example.org", 8443, "/", "ci.example.org:8443")),
        ("https://93.184.216.34/x", ("93.184.216.34", 443, "/x", "93.184.216.34")),
        ("https://ci.example.org?a/b=?", ("ci.example.org", 443, "/?a/b=?", "ci.example.org")),
        (
            "https://ci.example.org/%C3%A4;x=(1)",
            ("ci.example.org", 443, "/%C3%A4;x=(1)", "ci.example.org"),
        ),
        ("https://[2606:4700::1]:8443/", ("2606:4700::1", 8443, "/", "[2606:4700::1]:8443")),
    ],
)
def test_addresses_of_the_open_internet_are_taken(
    url: str, expected: tuple[str, int, str, str]
) -> None:
    target = parse(url)

    assert (target.host, target.port, target.path, target.authority) == expected


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0"),  # noqa: S104
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.0.8"),
        *("192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
        *("255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]", "[ff02::1]"),
        *("[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:1::1]", "[2001:db8::1]", "[100::1]"),
        *("[::ffff:0:127.0.0.1]", "[fec0::1]"),
        *(
            "localhost",
            "LOCALHOST",
            "localhost.",
            "db",
            "a.localhost",
            "printer.local",
            "x.internal",
        ),
        *("router.lan", "x.home.arpa", "a.test"),
    ],
)
def test_addresses_and_names_of_no_business_are_refused(host: str) -> None:
    with pytest.raises(TargetRefusedError):
        parse(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        *("", "ci.example.org", "//ci.example.org/", "ftp://ci.example.org/", "file:///etc/passwd"),
        *("http://ci.example.org/", "https://", "https:///x", "https://user@ci.example.org/"),
        *(
            "https://u:p@ci.example.org/",
            "https://ci.example.org/#part",
            "https://ci.example.org/#",
        ),
        *(
            "https://ci.example.org:0/",
            "https://ci.example.org:99999/",
            "https://ci.example.org:x/",
        ),
        *("https://ci.example.org/a b", "https://ci.exämple.org/", "https://ci.example.org/\n"),
        *("https://[fe80::1%25eth0]/", "https://[::1/", "https://ci.example.org\\@127.0.0.1/"),
        *("https://^K<e", "https://a..b/%zz", "https://-a.example.org/", 'https://a.example.org/"'),
        *("HTTPS:/ci.example.org/", "https://[::1].example.org/", "https://ci.example.org/\x7f"),
        "https://ci.example.org/" + "x" * 500,
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(TargetRefusedError):
        parse(url)


def test_allowed_network_may_be_called_by_plain_http_and_by_a_local_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, receiver=["127.0.0.7"], elsewhere=["10.0.0.1"])

    assert parse("http://127.0.0.1:8443/", LOOPBACK).port == 8443
    target = parse("http://receiver/", LOOPBACK)
    assert str(targets.resolve(target=target, allowed=LOOPBACK)) == "127.0.0.7"
    with pytest.raises(TargetRefusedError):
        parse("http://10.0.0.1/", LOOPBACK)
    with pytest.raises(TargetRefusedError):
        targets.resolve(target=parse("http://elsewhere/", LOOPBACK), allowed=LOOPBACK)


def test_what_stands_in_brackets_is_an_address() -> None:
    with pytest.raises(TargetRefusedError, match="brackets"):
        parse("https://[1::2::3]/", LOOPBACK)


def test_plain_http_leads_into_allowed_networks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ci_example_org=["93.184.216.34"])

    target = parse("http://ci.example.org/", LOOPBACK)

    with pytest.raises(TargetRefusedError, match="https"):
        targets.resolve(target=target, allowed=LOOPBACK)


@pytest.mark.parametrize(
    "addresses",
    [[], ["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["2606:4700::1", "::ffff:192.168.0.1"]],
)
def test_every_address_of_a_name_must_be_allowed(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    names(monkeypatch, ci_example_org=addresses)

    with pytest.raises(TargetRefusedError):
        targets.resolve(target=parse("https://ci.example.org/"), allowed=[])


def test_name_is_looked_up_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    target = parse("https://ci.example.org/")
    names(monkeypatch, ci_example_org=["93.184.216.34"])
    assert str(targets.resolve(target=target, allowed=[])) == "93.184.216.34"

    names(monkeypatch, ci_example_org=["169.254.169.254"])
    with pytest.raises(TargetRefusedError):
        targets.resolve(target=target, allowed=[])


@pytest.mark.parametrize("port", [1, 22, 25, 81, 442, 444, 5432, 6379, 8000, 8442, 8444, 65535])
@pytest.mark.parametrize("allowed", [[], LOOPBACK])
def test_other_ports_are_refused_in_allowed_networks_too(port: int, allowed: list[Network]) -> None:
    """Or a team could ask what listens there, and speak to it."""
    for host in ("ci.example.org", "127.0.0.1" if allowed else "93.184.216.34"):
        with pytest.raises(TargetRefusedError, match=f"port {port} is not one .*: 80, 443, 8443$"):
            parse(f"https://{host}:{port}/", allowed)


def test_ports_are_those_that_a_setting_names() -> None:
    ports = [range(8000, 8100), range(9443, 9444)]

    def parsed(port: int) -> int:
        url = f"https://ci.example.org:{port}/"
        return targets.parse(url=url, allowed=[], ports=ports).port

    assert [parsed(port) for port in (8000, 8099, 9443)] == [8000, 8099, 9443]
    with pytest.raises(TargetRefusedError, match=r"8000-8099, 9443$"):
        parsed(443)


def test_slow_name_server_is_a_refusal_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*, host: str) -> list[str]:
        raise lookups.LookUpTooSlowError

    monkeypatch.setattr(lookups, "addresses", slow)

    with pytest.raises(TargetRefusedError, match="not looked up within 5 seconds"):
        targets.resolve(target=parse("https://ci.example.org/"), allowed=[])


def test_name_with_hundreds_of_addresses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ci_example_org=["93.184.216.34"] * (lookups.MAX_ADDRESSES + 1))

    with pytest.raises(TargetRefusedError, match="too many"):
        targets.resolve(target=parse("https://ci.example.org/"), allowed=[])


def test_numeric_host_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "addresses", None)

    target = parse("https://93.184.216.34/")

    assert str(targets.resolve(target=target, allowed=[])) == "93.184.216.34"


def test_part_of_a_name_that_no_server_knows_is_refused_in_words() -> None:
    url = f"https://{'a' * 64}.example.org/hook"

    with pytest.raises(TargetRefusedError, match="between dots have at most 63 characters"):
        targets.parse(url=url, allowed=(), ports=(range(443, 444),))
    assert targets.parse(
        url=f"https://{'a' * 63}.example.org/hook", allowed=(), ports=(range(443, 444),)
    ).host.startswith("aaa")
