"""The command that holds journals to what was signed, in the database and outside."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.vault import rewriting
from tests.vault.factories import NOW, acting_as
from tests.vault.rewriting import as_owner
from tests.vault.signing import (
    CHANGES,
    DAY,
    SECOND,
    append,
    as_line,
    changed,
    make_benchmark,
    signed,
)
from vault import signed_heads
from vault.models import Benchmark, SignedHead

pytestmark = pytest.mark.django_db(transaction=True)


def command(*arguments: str) -> str:
    said = io.StringIO()
    call_command("verify_journal", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_holds_the_chain_to_all_signed_heads(signable: Benchmark) -> None:
    signed(signable, NOW)
    append(signable, NOW, "round_closed")
    end = signed(signable, NOW + SECOND)

    with acting_as("scoring"):
        said = command()

    assert said == (
        f"weather: 2 signed in the database, all in the chain\nweather: sound, head 6:{end.hash}\n"
    )
    rewriting.from_the_middle(signable)
    with pytest.raises(CommandError, match=r"^weather: entry 4 is not signed head 4 "):
        command()


def test_the_command_takes_the_heads_that_a_stranger_kept(
    signable: Benchmark, tmp_path: Path
) -> None:
    """The owner removed the signed heads as well: only what is outside shows the rewrite."""
    other = make_benchmark("other")
    append(other, NOW, "one")
    file = tmp_path / "heads.jsonl"
    heads = [signed(each, NOW) for each in (signable, other)]
    file.write_text("".join(as_line(signed_heads.statement_of(each)) for each in heads))
    assert "weather: 1 signed in the file, all in the chain" in command("--head", str(file))
    assert "other" not in command("--head", str(file), "--benchmark", "weather")
    as_owner(lambda: SignedHead.objects.all().delete(), "vault_signedhead")
    rewriting.cut_and_go_on(signable)

    assert "weather: sound" in command()
    with pytest.raises(CommandError, match=r"^weather: entry 4 is not signed head 4 "):
        command("--head", str(file))
    Benchmark.objects.filter(slug="other").update(slug="renamed")
    with pytest.raises(CommandError, match="there is no benchmark other"):
        command("--head", str(file))
    with pytest.raises(CommandError, match="holds no head of renamed"):
        command("--head", str(file), "--benchmark", "renamed")


def test_a_head_under_an_older_name_is_held_to_its_own_chain(
    signable: Benchmark, tmp_path: Path
) -> None:
    file = tmp_path / "heads.jsonl"
    file.write_text(as_line(signed_heads.statement_of(signed(signable, NOW))))
    Benchmark.objects.filter(pk=signable.pk).update(slug="climate")
    namesake = make_benchmark("weather")
    append(namesake, NOW, "one")

    assert "climate: 1 signed in the file, all in the chain" in command("--head", str(file))


@pytest.mark.parametrize("member", CHANGES)
def test_a_forged_line_is_refused(signable: Benchmark, tmp_path: Path, member: str) -> None:
    """So that nobody accuses the service with a head that it never signed."""
    statement = signed_heads.statement_of(signed(signable, NOW))
    if member == "number":
        append(signable, NOW, "more")
        statement = signed_heads.statement_of(signed(signable, NOW + DAY))
    file = tmp_path / "heads.jsonl"
    file.write_text(as_line(changed(statement, member)))

    with pytest.raises(CommandError, match=r"no key of this|does not verify|no benchmark another"):
        command("--head", str(file))


def test_the_command_names_a_file_that_is_none(signable: Benchmark, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    for content in (b"notes", b"\xff"):
        file.write_bytes(content)
        with pytest.raises(CommandError, match=r"notes\.txt: "):
            command("--head", str(file))
    file.write_text("")
    with pytest.raises(CommandError, match="holds no head of any benchmark"):
        command("--head", str(file))
