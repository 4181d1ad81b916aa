"""Figures of a board."""

import re
from pathlib import Path

from audits.boards import command


def test_marks_of_a_figure_lie_where_the_scores_are(tmp_path: Path) -> None:
    """Of two teams: public to the right, private up; and the scale has ticks with its digits."""
    text = "team,public,private,entries\na,0.9,0.5,1\nb,0.6,0.6,2\n"
    file, page = tmp_path / "board.csv", tmp_path / "report.html"
    file.write_text(text)
    command.main([str(file), "--html", str(page)])

    svg = page.read_text().rpartition("<svg")[2]
    (ax, ay), (bx, by) = (
        map(float, each) for each in re.findall(r'<circle class="team" cx="(.*?)" cy="(.*?)"', svg)
    )
    assert (ax > bx, ay > by) == (True, True)
    ticks = [float(each) for each in re.findall(r'class="tick middle"[^>]*>(.*?)<', svg)]
    assert ticks == [0.5, 0.6, 0.7, 0.8, 0.9]
