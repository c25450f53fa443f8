"""What the loop's page says where the judge of both evaluations is none."""

import json
from pathlib import Path

import pytest

from tests.helpers import comparison
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.runs import evaluate as runs
from xl_alpacaeval_metric.runs.scored import Judging
from xl_instruct_dataset.train.loop import changes, page


def evaluated(folder: Path, checked: bool) -> Path:
    """A run of eight prompts whose judge says 52% to whatever is shown first."""
    client = ScriptedClient(lambda request: {"A": -0.65, "B": -0.73})
    items = [comparison(number, code) for number in range(8) for code in ("de", "fi")]
    runs.judge_pairs(items, Judging(Judge(client), judge_check=checked), folder, silent)
    return folder


@pytest.mark.parametrize("checked", [True, False])
def test_no_win_rate_is_shown_of_a_judge_that_is_none(
    checked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XL_CHECK_CACHE", "none")
    before, after = (evaluated(tmp_path / side, checked) for side in ("before", "after"))
    found, _ = changes.changes("mini", before, after, judged=True)
    assert {one.no_judge for one in found if one.figure == "win_rate"} == {checked}
    assert not any(one.no_judge for one in found if one.figure == "line_pass_rate")
    made = page.Page("base", "data", "tuned", {}, tuple(found), (), (), (), ())
    said, text = page.sentences(found), page.markdown(made)
    none = "mini: the win rate is not shown: the check of the judge found that it is none."
    assert (none in said) == (none in text) == checked
    assert ("| no judge | no judge | - |" in text) == checked
    assert not checked or "win rate rose" not in text
    rates = [one for one in json.loads(json.dumps(made.as_dict()))["changes"] if one["figure"] == "win_rate"]
    assert all(one["before"] == pytest.approx(50, abs=0.1) for one in rates)
