from pathlib import Path

import pytest

from config.environment import Environment, EnvironmentVariableError


def test_values_come_from_the_prefixed_variables() -> None:
    env = Environment(
        {
            "HOLDOUT_VAULT_PLACE": "here",
            "HOLDOUT_VAULT_COUNT": "3",
            "HOLDOUT_VAULT_SHARE": "0.5",
            "HOLDOUT_VAULT_OPEN": "0",
            "HOLDOUT_VAULT_HOSTS": "a, b ,,c",
            "PLACE": "there",
        }
    )

    assert env.text("PLACE") == "here"
    assert env.integer("COUNT", 7) == 3
    assert env.number("SHARE", 1.0) == 0.5
    assert env.flag("OPEN", default=True) is False
    assert env.names("HOSTS") == ["a", "b", "c"]


def test_defaults_answer_when_nothing_is_set() -> None:
    env = Environment({})

    assert env.text("PLACE", "") == ""
    assert env.integer("COUNT", 7) == 7
    assert env.number("SHARE", 1.0) == 1.0
    assert env.flag("OPEN", default=True) is True
    assert env.names("HOSTS", "a,b") == ["a", "b"]
    assert env.secret("KEY", "none") == "none"


def test_missing_value_without_a_default_is_refused() -> None:
    with pytest.raises(EnvironmentVariableError, match="HOLDOUT_VAULT_PLACE is not set"):
        Environment({}).text("PLACE")


@pytest.mark.parametrize("value", ["", "three", "3.5"])
def test_integer_of_the_wrong_form_is_refused(value: str) -> None:
    with pytest.raises(EnvironmentVariableError, match="HOLDOUT_VAULT_COUNT"):
        Environment({"HOLDOUT_VAULT_COUNT": value}).integer("COUNT", 7)


def test_number_of_the_wrong_form_is_refused() -> None:
    with pytest.raises(EnvironmentVariableError, match="HOLDOUT_VAULT_SHARE"):
        Environment({"HOLDOUT_VAULT_SHARE": "half"}).number("SHARE", 1.0)


@pytest.mark.parametrize("value", ["yes", "true", "2"])
def test_flag_is_zero_or_one(value: str) -> None:
    with pytest.raises(EnvironmentVariableError, match="HOLDOUT_VAULT_OPEN"):
        Environment({"HOLDOUT_VAULT_OPEN": value}).flag("OPEN", default=True)


def test_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("opens\n")

    assert Environment({"HOLDOUT_VAULT_KEY_FILE": str(path)}).secret("KEY") == "opens"


def test_secret_file_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing"

    with pytest.raises(EnvironmentVariableError, match=r"HOLDOUT_VAULT_KEY_FILE .*missing"):
        Environment({"HOLDOUT_VAULT_KEY_FILE": str(path)}).secret("KEY", "default")


def test_secret_in_two_places_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("opens")
    variables = {"HOLDOUT_VAULT_KEY_FILE": str(path), "HOLDOUT_VAULT_KEY": "opens too"}

    with pytest.raises(EnvironmentVariableError, match="both set"):
        Environment(variables).secret("KEY")


def test_unknown_name_is_refused_and_every_one_is_named() -> None:
    env = Environment({"HOLDOUT_VAULT_PALCE": "x", "HOLDOUT_VAULT_COUTN": "3", "OTHER": "y"})
    env.text("PLACE", "here")

    with pytest.raises(
        EnvironmentVariableError, match="HOLDOUT_VAULT_COUTN, HOLDOUT_VAULT_PALCE"
    ) as caught:
        env.refuse_unknown()

    assert "OTHER" not in str(caught.value)


def test_file_variable_of_what_is_no_secret_is_unknown() -> None:
    env = Environment({"HOLDOUT_VAULT_PLACE_FILE": "/etc/hostname"})
    env.text("PLACE", "here")

    with pytest.raises(EnvironmentVariableError, match="HOLDOUT_VAULT_PLACE_FILE"):
        env.refuse_unknown()


def test_names_of_the_launcher_are_known() -> None:
    Environment({"HOLDOUT_VAULT_HOME": "/srv"}).refuse_unknown()


def test_what_was_asked_is_remembered_without_the_answers() -> None:
    env = Environment({"HOLDOUT_VAULT_KEY": "hunter2", "HOLDOUT_VAULT_PLACE": "elsewhere"})
    env.secret("KEY")
    env.text("PLACE", "here")

    assert [(q.name, q.default, q.is_secret) for q in env.questions] == [
        ("KEY", None, True),
        ("PLACE", "here", False),
    ]
    assert "hunter2" not in repr(env.questions)
    assert "elsewhere" not in repr(env.questions)


def test_ports_are_single_ones_and_ranges() -> None:
    env = Environment({"HOLDOUT_VAULT_PORTS": "443, 8000-8002"})

    assert env.ports("PORTS", "80") == [range(443, 444), range(8000, 8003)]
    assert Environment({}).ports("PORTS", "80") == [range(80, 81)]


@pytest.mark.parametrize(
    "value", ["", "443,", "https", "-1", "0", "65536", "9-8", "1-2-3", "1-x", "1-"]
)
def test_ports_of_the_wrong_form_are_refused(value: str) -> None:
    with pytest.raises(EnvironmentVariableError, match="HOLDOUT_VAULT_PORTS"):
        Environment({"HOLDOUT_VAULT_PORTS": value}).ports("PORTS", "80")
