"""`show`: the answers that were asked for, with what is known of each, and text as text."""

import json
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.finished_runs import made
from tests.helpers import GERMAN, write_jsonl

HOSTILE = "[red]kein Markup[/red] \x1b[2J\x1b]0;title\x07 \u202everkehrt {slot} "


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten German and ten Finnish answers; the tenth has no verdict, a German one is in English."""
    values = [n / 10 for n in range(9)] + [None]
    folder = made(tmp_path_factory.mktemp("show") / "run", {"de": values, "fi": values[::-1]}, model="org/model")
    lines = [json.loads(line) for line in (folder / "samples.jsonl").read_text("utf-8").splitlines()]
    lines[3]["prediction"] = "This answer was written in English, although the request asked for German instead."
    lines[4]["prediction"] = HOSTILE + GERMAN * 100
    write_jsonl(folder / "samples.jsonl", lines)
    return folder


def heads(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line.startswith("p") and "(" in line and "preference" not in line]


def test_the_worst_and_the_best_come_first_and_missing_verdicts_last(judged: Path) -> None:
    worst = run("show", judged, "--worst", "3", "--language", "de")
    assert worst.returncode == 0, worst.stderr
    assert heads(worst.stdout) == ["p0, German (de)", "p1, German (de)", "p2, German (de)"]
    assert "preference 0.00" in worst.stdout
    assert worst.stdout.count("answer first: ") == 3
    assert worst.stdout.endswith("3 of 20 answers of org/model\n")
    best = run("show", judged, "--best", "10", "--language", "de").stdout
    assert heads(best)[0] == "p8, German (de)"
    assert heads(best)[-1] == "p9, German (de)"
    assert "no preference: the verdict is missing" in best


def test_why_an_endpoint_gave_no_answer_is_said(tmp_path: Path) -> None:
    row = {"instruction": "Warum?", "prediction": "", "language": "de"}
    reasons: list[dict[str, object]] = [{"filtered": True}, {"refused": "status 400: too long"}]
    write_jsonl(tmp_path / "answers.jsonl", [row | {"id": f"a{n}"} | more for n, more in enumerate(reasons)])
    shown = run("show", tmp_path / "answers.jsonl").stdout
    assert "0 characters, withheld by the endpoint's content filter" in shown
    assert "0 characters, the endpoint refused the prompt: status 400: too long" in shown


def test_answers_are_found_by_what_they_are_in(judged: Path) -> None:
    shown = run("show", judged, "--answered-in", "en").stdout
    assert heads(shown) == ["p3, German (de)"]
    assert "answered in English (en), 0% in the language asked for, 82 characters" in shown
    assert heads(run("show", judged, "--id", "p3", "--id", "p4").stdout) == [
        f"p{n}, {language}" for language in ("German (de)", "Finnish (fi)") for n in (3, 4)
    ]


def test_text_stays_text_and_a_long_one_says_that_it_was_cut(judged: Path) -> None:
    shown = run("show", judged, "--id", "p4", "--language", "de", COLUMNS="80").stdout
    assert "[red]kein Markup[/red]" in shown
    assert not set("\x1b\x07\u202e") & set(shown)
    assert "characters more: --characters 0]" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
    whole = run("show", judged, "--id", "p4", "--language", "de", "--characters", "0").stdout
    assert "characters more" not in whole
    assert len(whole) > len(shown)


def test_a_file_of_answers_without_verdicts_is_shown_as_it_is(tmp_path: Path) -> None:
    rows = [
        {"id": f"a{n}", "instruction": "Warum?", "prediction": GERMAN, "reference": "", "language": "de"}
        for n in range(7)
    ]
    write_jsonl(tmp_path / "answers.jsonl", rows)
    shown = run("show", tmp_path / "answers.jsonl")
    assert shown.returncode == 0, shown.stderr
    assert [line for line in shown.stdout.splitlines() if line.endswith(", German (de)")] == [
        f"a{n}, German (de)" for n in range(5)
    ]
    assert "verdict" not in shown.stdout
    assert "has answers and no verdicts" in complaint(run("show", tmp_path / "answers.jsonl", "--worst", "2"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--id", "p77"), "--id p77: "),
        (("--language", "hu"), "has none; it has de, fi"),
        (("--answered-in", "mt"), "no answer passes; they are in de, en, fi"),
        (("--answered-in", "elvish"), "elvish"),
        (("--worst", "1", "--best", "1"), "give --worst or --best"),
    ],
)
def test_wrong_use_is_one_line(judged: Path, options: tuple[str, ...], says: str) -> None:
    assert says in complaint(run("show", judged, *options))


def test_what_holds_no_answers_is_one_line(tmp_path: Path) -> None:
    assert "holds no answers" in complaint(run("show", tmp_path))
