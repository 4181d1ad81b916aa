"""`run.py audit-board`: what people meet at the terminal, good input and bad."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.boards import command
from config.settings import BASE_DIR
from tests.stats.reference_data import reference_file

HISTORY = "kaggle_inclass_submission_history.csv"
KEYS = (
    "n_teams",
    "dose_response",
    "quartile_medians",
    "kendall_tau",
    "shake_up",
    "verdict",
    "mde",
)


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def a_board(path: Path, *, slope: float, n_teams: int = 200, seed: int = 3) -> Path:
    """A public score that rises with the logarithm of entries by `slope`, and the private one does not."""
    rng = np.random.default_rng(seed)
    skill, entries = rng.normal(0.7, 0.05, n_teams), rng.integers(1, 200, n_teams)
    public = skill + slope * np.log(entries) + rng.normal(0, 0.01, n_teams)
    private = skill + rng.normal(0, 0.01, n_teams)
    rows = zip(range(n_teams), public, private, entries, strict=True)
    lines = [f"t{i},{a:.5f},{b:.5f},{k}\n" for i, a, b, k in rows]
    return written(path, "team,public_score,private_score,entries\n" + "".join(lines))


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert command.main([*map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert command.main([*map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_the_in_class_history_is_too_small(capsys: pytest.CaptureFixture[str]) -> None:
    """164 submissions of 23 teams: Kendall 1.0."""
    found = asked(capsys, reference_file(HISTORY), "--history")

    assert (found["n_teams"], found["verdict"]) == (23, "TOO_SMALL")
    assert found["kendall_tau"] == pytest.approx(1.0)
    assert found["mde"] == pytest.approx(3.17 / np.sqrt(20), abs=1e-3)
    assert found["quartiles"]["max_entries"][-1] > 20
    without = asked(capsys, reference_file(HISTORY), "--history", "--without", "team16")
    assert (without["n_teams"], without["left_out"]) == (22, {"by --without": 1})
    selected = asked(capsys, reference_file(HISTORY), "--history", "--selected", "is_selected")
    assert selected["n_teams"] == 23


def test_json_has_the_promised_members_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(capsys, a_board(tmp_path / "board.csv", slope=0))

    assert tuple(found)[: len(KEYS)] == KEYS
    assert set(found["dose_response"]) == {"spearman", "p_value", "partial", "partial_p"}
    assert len(found["quartile_medians"]) == 4
    assert found["verdict"] == "NO_EVIDENCE"


def test_an_inflated_board_is_found_and_nobody_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = a_board(tmp_path / "board.csv", slope=0.03)

    found = asked(capsys, file)
    assert command.main([str(file)]) == 0
    text = capsys.readouterr().out

    assert found["verdict"] == "INFLATED"
    assert found["quartile_medians"] == sorted(found["quartile_medians"])
    assert text.startswith("INFLATED. On this board of 200 teams")
    assert "FAILS HERE" in text
    assert "t17" not in text
    for word in ("cheat", "fraud", "proof", "no inflation"):
        assert word not in text.lower()


def test_losses_are_turned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same board with scores negated says the same, in the same direction."""
    file = a_board(tmp_path / "board.csv", slope=0.01)
    rows = [line.split(",") for line in file.read_text().splitlines()]
    turned = [[t, f"-{a}", f"-{b}", k] for t, a, b, k in rows[1:]]
    losses = "\n".join(",".join(row) for row in [rows[0], *turned])
    other = written(tmp_path / "losses.csv", losses)

    one, two = asked(capsys, file), asked(capsys, other, "--lower-is-better")

    assert [one[key] for key in KEYS] == [two[key] for key in KEYS]
    assert asked(capsys, other)["dose_response"]["spearman"] < 0


def test_sizes_change_what_is_held_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = a_board(tmp_path / "board.csv", slope=0.002)

    plain = asked(capsys, file)
    sized = asked(capsys, file, "--n-public", 10, "--n-private", 9_000)

    assert plain["dose_response"]["spearman"] == sized["dose_response"]["spearman"]
    assert plain["dose_response"]["partial"] != sized["dose_response"]["partial"]


def test_a_verdict_that_rests_on_copies_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fifty teams hand in one unlucky file once or twice; those who enter more often have none of it."""
    rng = np.random.default_rng(5)
    lines = ["team,public,private,entries"]
    lines += [f"copy{i},0.70,0.72,{1 + i % 2}" for i in range(50)]
    for i in range(80):
        a, b = 0.7 + rng.normal(0, 0.01, 2)
        lines.append(f"own{i},{a:.4f},{b:.4f},{rng.integers(3, 90)}")
    file = written(tmp_path / "copies.csv", "\n".join(lines))

    found = asked(capsys, file)
    command.main([str(file)])
    text = " ".join(capsys.readouterr().out.split())

    assert (found["verdict"], found["copies_counted_once"]["verdict"]) == (
        "INFLATED",
        "NO_EVIDENCE",
    )
    assert len(found["copies"][0]) == 50
    assert "WARNING: the verdict rests on the copies" in text
    assert "50 teams in one group have the same public" in text
    assert "copy19, and 30 more" in text


def test_kaggle_exports_are_joined_by_their_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the byte order mark that the download has; one team's name stands twice."""
    head = "Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames\n"
    public = head + '1,11,"A, Inc",2026-01-01,0.91,7,a\n2,12,B,2026-01-01,0.90,3,b\n'
    public += "3,13,B,2026-01-01,0.80,1,c\n4,14,gone,2026-01-01,0.1,1,d\n"
    private = head + "1,12,B,2026-01-01,0.88,3,b\n2,11,A,2026-01-01,0.87,7,a\n"
    private += "3,13,B,2026-01-01,0.85,1,c\n4,19,new,2026-01-01,0.2,1,e\n"
    files = [written(tmp_path / "public.csv", public, "utf-8-sig")]
    files += [written(tmp_path / "private.csv", private, "utf-8-sig")]

    found = asked(capsys, files[0], "--private-file", files[1])

    assert found["columns"] == {
        "team": "TeamId",
        "public": "Score",
        "private": "Score",
        "entries": "SubmissionCount",
    }
    assert found["n_teams"] == 3
    assert found["left_out"] == {
        "without a private score": 1,
        "on the private board alone": 1,
    }
    assert found["kendall_tau"] == pytest.approx(1 / 3)


def test_codabench_exports_are_joined_and_rows_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = written(tmp_path / "dev.csv", "Username,Task(3)-Accuracy\na,0.9\nb,0.8\nc,\n")
    two = written(tmp_path / "final.csv", "Username,Task(4)-Accuracy\nb,0.7\na,0.6\nc,0.5\n")
    rows = written(tmp_path / "rows.csv", "Username,file\na,1\nb,1\na,2\na,3\nb,2\n")

    plain = asked(capsys, one, "--private-file", two)
    counted = asked(capsys, one, "--private-file", two, "--entries-file", rows)

    assert plain["columns"]["private"] == "Task(4)-Accuracy"
    assert plain["left_out"] == {"without a public score": 1}
    assert plain["dose_response"]["spearman"] is None
    assert plain["quartile_medians"] is None
    assert counted["dose_response"]["spearman"] == pytest.approx(1.0)
    wide = written(tmp_path / "wide.csv", "Username,T(1)-F1,T(1)-AUC\na,1,2\nb,1,2\n")
    said = refused(capsys, wide, "--private-file", two)
    assert "T(1)-F1, T(1)-AUC; name one by --public COLUMN" in said
    named = asked(capsys, wide, "--private-file", two, "--public", "T(1)-AUC")
    assert named["n_teams"] == 2


def test_four_teams_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of the best two stays; a and c change places, by two of four each."""
    text = "team,public,private,entries\na,0.9,0.7,1\nb,0.8,0.75,2\nc,0.7,0.8,3\nd,0.6,0.5,4\n"
    file = written(tmp_path / "board.csv", text)

    found = asked(capsys, file, "--top", 2)

    assert found["top_overlap"] == {"top": 2, "share": 0.5}
    assert found["shake_up"] == pytest.approx((2 + 0 + 2 + 0) / 4 / 4)
    assert found["kendall_tau"] == pytest.approx(0.0)


def test_of_a_history_the_selected_rows_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "team,public,private,chosen\na,0.9,0.1,no\na,0.4,0.2,yes\nb,0.5,0.2,no\nb,0.6,0.3,no\n"
    file = written(tmp_path / "history.csv", text)

    best = asked(capsys, file, "--history")
    chosen = asked(capsys, file, "--history", "--selected", "chosen")

    assert (best["kendall_tau"], chosen["kendall_tau"]) == (-1.0, 1.0)


def test_without_entries_a_board_is_not_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"t{i};{i / 90:.3f};{i / 91:.3f}" for i in range(60)]
    file = written(tmp_path / "board.csv", "\n".join(["model;public;private", *lines]))

    assert asked(capsys, file)["verdict"] == "NOT_TESTED"
    command.main([str(file)])
    assert "name the column by --entries" in capsys.readouterr().out


def test_scores_that_cannot_be_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "team,public,private,entries\na,0.7400,0.750,1\nb,0.7350,1.200,2\nc,0.7,-0.1,3\n"
    file = written(tmp_path / "board.csv", text)

    found = asked(capsys, file, "--accuracy", 1, "--n-public", 50, "--n-private", 900)
    command.main([str(file), "--accuracy", "1", "--n-private", "900"])

    assert [(each["team"], each["half"]) for each in found["impossible_scores"]] == [
        ("b", "public"),
        ("b", "private"),
        ("c", "private"),
    ]
    assert "of 50 gives it" in found["impossible_scores"][0]["why"]
    assert "too few digits to tell" in capsys.readouterr().out
    ranged = asked(capsys, file, "--range", 0, 1)
    assert len(ranged["impossible_scores"]) == 2


def test_scores_that_items_do_not_give_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(
        tmp_path / "board.csv", "team,public,private,entries\na,66.7,50,1\nb,50.0,50,2\nc,1,1,1\n"
    )
    cells = [("a", 1), ("a", 1), ("a", 0), ("b", 1), ("b", 1), ("b", 0)]
    lines = [f"{team},i{i % 3},{score}" for i, (team, score) in enumerate(cells)]
    items = written(tmp_path / "items.csv", "\n".join(["team,item,score", *lines]))

    found = asked(capsys, file, "--accuracy", 100, "--public-items", items)
    command.main([str(file), "--accuracy", "100", "--public-items", str(items)])

    assert [each["team"] for each in found["scores_not_from_items"]] == ["b"]
    assert found["scores_not_from_items"][0]["from_items"] == pytest.approx(200 / 3)
    assert found["teams_with_items"] == {"public": 2}
    assert "b: published 50.0, its 3 items give 66.7." in capsys.readouterr().out
    twice = written(tmp_path / "twice.csv", "team,item,score\na,i,1\na,i,0\n")
    said = refused(capsys, file, "--public-items", twice)
    assert said == "twice.csv, row 3, column item: i of a stands above already\n"
    text = written(tmp_path / "text.csv", "team,item,score\na,i,yes\n")
    assert "row 2, column score: yes is not" in refused(capsys, file, "--public-items", text)


def test_the_page_needs_nothing_else_and_escapes_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"<script>x{i}</script>,0.5,0.5,{i + 1}" for i in range(3)]
    text = "\n".join(["team,public,private,entries", *lines, "b,0.6,0.5,9"])
    file = written(tmp_path / "board.csv", text)
    page = tmp_path / "report.html"

    assert command.main([str(file), "--html", str(page)]) == 0
    html = page.read_text()

    assert "<script" not in html
    assert "&lt;script&gt;x0" in html
    assert "http" not in html.replace("http-equiv", "")
    assert html.count("<svg") == 2
    assert "TOO_SMALL. 4 teams are too few" in html
    assert "default-src" in html
    # Written again, and never over what was read.
    assert command.main([str(file), "--html", str(page), "--json"]) == 0
    capsys.readouterr()
    assert "that file was read" in refused(capsys, file, "--html", file)
    assert "cannot be written" in refused(capsys, file, "--html", tmp_path / "no" / "x.html")


GOOD = "team,public,private,entries\na,0.5,0.4,1\nb,0.6,0.5,2\n"


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("", [], "no row below the header"),
        ("team,public,private\n", [], "no row below the header"),
        (GOOD + "c,x,0.1,2\n", [], "row 4, column public: x is not a number"),
        (GOOD + "c,0.1,nan,2\n", [], "row 4, column private: nan is not a number"),
        (GOOD + "c,1e999,0.1,2\n", [], "row 4, column public: 1e999 is too large"),
        (GOOD + 'c,"0,5",0.1,2\n', [], "0,5 is not a number (a decimal point is needed)"),
        (GOOD + "c,0.5,0.1,2.5\n", [], "row 4, column entries: 2.5 is no number of entries"),
        (GOOD + "c,0.5,0.1,0\n", [], "row 4, column entries: 0 is no number of entries"),
        (GOOD + "a,0.5,0.1,2\n", [], "row 4, column team: a stands in row 2 already"),
        (GOOD + ",0.5,0.1,2\n", [], "row 4, column team: no team stands here"),
        (GOOD + ",0.5,0.1,2\n", ["--history"], "row 4, column team: no team stands here"),
        (GOOD + "c,0.5\n", [], "row 4: 2 cells, and the header has 4"),
        ("team,public,public\na,1,2\n", [], "row 1: column public stands twice"),
        ("x,public,private\na,1,2\n", [], "no column is known as that of team (there are: x,"),
        ("team,score\na,1\n", [], "no column is known to hold the public score"),
        (GOOD, ["--public", "auc"], "there is no column auc (--public)"),
        (GOOD, ["--team", "name"], "there is no column name (--team)"),
        (GOOD, ["--entries", "n"], "there is no column n (--entries)"),
        (GOOD, ["--public", "private"], "cannot be both --public and --private"),
        (GOOD, ["--without", "zz"], "--without zz: no such team"),
        (GOOD, ["--without", "a"], "fewer than two teams have both scores"),
        (GOOD, ["--n-public", "0"], "--n-public 0: at least one item"),
        (GOOD, ["--range", "1", "0"], "--range 1 0: the lowest comes first"),
        (GOOD, ["--range", "nan", "1"], "--range nan 1: two numbers are needed"),
        (GOOD, ["--top", "0"], "--top 0: at least one team"),
        (GOOD, ["--selected", "x"], "--selected needs --history"),
        (GOOD, ["--history", "--selected", "x"], "there is no column x (--selected)"),
        (GOOD, ["--history", "--entries", "entries"], "--history: each row is a submission"),
        (
            GOOD,
            ["--public-items", "/nonexistent/items"],
            "/nonexistent/items cannot be read: No such file",
        ),
    ],
)
def test_bad_input_is_named(
    text: str,
    arguments: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = written(tmp_path / "board.csv", text)

    assert said in refused(capsys, file, *arguments)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"PK\x03\x04rest", "is a ZIP archive"),
        (b"team,public,private\na,1,2\n\xff,1,2\n", "row 3: not UTF-8"),
        (b"team,public,private\na,1,2\n" + b"x" * 200_000 + b",1,2\n", "row 3: field larger"),
    ],
)
def test_files_that_are_no_csv_are_named(
    body: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "board.csv"
    file.write_bytes(body)

    assert said in refused(capsys, file)


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read: No such file" in refused(capsys, tmp_path / "none.csv")


def test_it_runs_as_a_program_without_settings(tmp_path: Path) -> None:
    """No Django is set up, and none is imported."""
    file = a_board(tmp_path / "board.csv", slope=0, n_teams=55)
    program = (
        "import sys; from audits.boards.command import main; code = main(sys.argv[1:]); "
        "sys.exit(code or any(name.split('.')[0] == 'django' for name in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        cwd=BASE_DIR,
        env={"PYTHONPATH": str(BASE_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "NO_EVIDENCE. On this board of 55 teams" in done.stdout
