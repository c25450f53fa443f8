import csv
import json
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.finished_runs import harness_log
from tests.helpers import SHARED, comparison, write_jsonl
from xl_alpacaeval_metric.clients.base import Failure, Reply, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import compare
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.contrast import Contrast
from xl_alpacaeval_metric.runs.evaluate import judge_pairs
from xl_alpacaeval_metric.runs.finished import Setting


class Client(ScriptedClient):
    """A scripted client with an identity of the test's choice."""

    extra: Mapping[str, object] = {}

    @property
    def identity(self) -> Mapping[str, object]:
        return {**super().identity, **self.extra}


def judging(quality: Mapping[str, float | None], **options: object) -> Judge:
    """A judge whose preference for a prediction is `quality` of it; None is a failure."""

    def reply(request: Request) -> Reply | dict[str, float]:
        text = request.messages[1]["content"]
        (prediction,) = [known for known in quality if known in text]
        p = quality[prediction]
        if p is None:
            return Failure("refused", "too long")
        a = p if text.index(prediction) < text.index("Vergleichsantwort") else 1 - p
        return {"A": math.log(a or 1e-300), "B": math.log(1 - a or 1e-300)}

    client = Client(reply, model=str(options.pop("model", "judge")))
    client.extra = {"endpoint": "http://one/v1", **dict(options.pop("identity", {}))}  # type: ignore[call-overload]
    return Judge(client, **options)  # type: ignore[arg-type]


def items(tag: str, count: int, codes: Sequence[str] = ("de",), **changes: str) -> list[Comparison]:
    return [
        comparison(n, code, **{"prediction": f"<{tag} {code} {n}>", "reference": f"Vergleichsantwort {n}", **changes})
        for code in codes
        for n in range(count)
    ]


def made(
    folder: Path, given: Sequence[Comparison], preferences: Sequence[float | None] | float = 0.5, **options: object
) -> compare.Run:
    """A run folder with these preferences, written by `judge_pairs`."""
    values = [preferences] * len(given) if isinstance(preferences, float) else preferences
    quality = {item.prediction: value for item, value in zip(given, values, strict=True)}
    judge_pairs(given, judging(quality, **options), folder, silent)
    return compare.load(folder)


PREFERENCE = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]))


def directly(name: str, values: Mapping[tuple[str, str], float | None]) -> compare.Run:
    known = {key: Comparison(*key, "ask", "answer", "reference") for key in values}
    return compare.Run(Setting(name, "judge:x|prompt:p|order:both|reference:r", {}, {}), known, values)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["de", "fi", "zh"])),
        st.tuples(PREFERENCE, PREFERENCE),
        min_size=1,
    )
)
def test_figures_are_those_of_the_items_both_have(
    values: dict[tuple[str, str], tuple[float | None, float | None]],
) -> None:
    a = directly("A", {key: pair[0] for key, pair in values.items()})
    b = directly("B", {key: pair[1] for key, pair in values.items()})
    paired = {key: pair for key, pair in values.items() if pair[0] is not None and pair[1] is not None}
    if not paired:
        with pytest.raises(UserError, match="no item has a verdict in both"):
            compare.compare(a, b)
        return
    found = compare.compare(a, b)
    assert found.overall.n + found.overall.n_missing == len(values)
    assert found.overall.n_prompts == len({identifier for identifier, _ in paired})
    p_values = {}
    for code, part in [*found.by_language.items(), (None, found.overall)]:
        mine = [pair for key, pair in paired.items() if code in (None, key[1])]
        assert part.n == len(mine)
        if not mine:
            assert part == Contrast(None, None, None, None, None, None, 0, 0, part.n_missing)
            continue
        of_language = [
            [pair for key, pair in paired.items() if key[1] == one]
            for one in {k[1] for k in paired if code in (None, k[1])}
        ]
        mean_a, mean_b = (
            100 * statistics.fmean(statistics.fmean(pair[side] or 0.0 for pair in some) for some in of_language)
            for side in (0, 1)
        )
        assert part.win_rate_a == pytest.approx(mean_a)
        assert part.win_rate_b == pytest.approx(mean_b)
        assert part.difference == pytest.approx(mean_a - mean_b, abs=1e-9)
        assert part.p_value is not None
        p_values[code] = part.p_value
    assert found.overall.p_value_holm is None
    # Holm's correction, written out: the k-th smallest of m times m - k + 1, never below a smaller
    # one's, at most 1.
    p_values.pop(None)
    ranked = sorted(p_values, key=lambda code: p_values[code])
    corrected = [
        min(1.0, max((len(ranked) - j) * p_values[ranked[j]] for j in range(k + 1))) for k in range(len(ranked))
    ]
    for code, expected in zip(ranked, corrected, strict=True):
        assert found.by_language[str(code)].p_value_holm == pytest.approx(expected)


def test_the_p_value_and_interval_are_paired_over_prompts() -> None:
    """A is ahead in both languages of all 8 prompts: 2 of 2**8 sign patterns are as extreme."""
    keys = [(str(n), code) for n in range(8) for code in ("de", "fi")]
    a = directly("A", {key: 0.5 + int(key[0]) / 20 + 0.1 for key in keys})
    b = directly("B", {key: 0.5 + int(key[0]) / 20 for key in keys})
    found = compare.compare(a, b).overall
    assert found.p_value == pytest.approx(2 / 2**8)
    assert found.difference_ci95 is not None
    assert found.difference_ci95[0] == pytest.approx(10)
    assert found.difference_ci95[1] > 10
    assert (found.n, found.n_prompts) == (16, 8)
    turned = compare.compare(b, a).overall
    assert turned.difference == pytest.approx(-10)
    assert turned.p_value == found.p_value


def test_a_run_is_no_better_than_itself(tmp_path: Path) -> None:
    run_a = made(tmp_path / "a", items("a", 8), [0.1, 0.9] * 4)
    found = compare.compare(run_a, run_a).overall
    assert (found.difference, found.p_value) == (0, 1)
    assert found.difference_ci95 is not None
    assert found.difference_ci95[0] < 0 < found.difference_ci95[1]
    assert found.win_rate_a == pytest.approx(50)


def test_runs_of_different_size_and_languages_share_what_they_share(tmp_path: Path) -> None:
    a = made(tmp_path / "a", items("a", 9, ["de", "fi"]), 0.75)
    b = made(tmp_path / "b", items("b", 7, ["de", "hu"]), 0.25)
    found = compare.compare(a, b)
    assert (found.only_a, found.only_b) == ({"de": 2, "fi": 9}, {"hu": 7})
    assert list(found.by_language) == ["de"]
    assert found.overall.n == 7
    assert found.overall.difference == pytest.approx(50)
    assert "judge:scripted/judge" in found.signature_a


def test_an_item_that_asks_for_something_else_is_no_pair(tmp_path: Path) -> None:
    others = [
        *items("b", 7)[:4],
        *items("b", 7, instruction="Something else.", reference="Andere Vergleichsantwort")[4:],
    ]
    a, b = made(tmp_path / "a", items("a", 7)), made(tmp_path / "b", others)
    found = compare.compare(a, b)
    assert (found.overall.n, found.n_changed) == (4, 3)
    assert "fewer than 6 prompts" in found.caveats[0]
    c = made(tmp_path / "c", items("c", 7, instruction="Something else."))
    with pytest.raises(UserError, match="share no item; 7 have the same id and language, and another instruction"):
        compare.compare(a, c)
    d = made(tmp_path / "d", items("d", 7, ["fi", "hu"]))
    with pytest.raises(UserError, match="share no item; languages de against fi, hu"):
        compare.compare(a, d)


def test_missing_verdicts_are_left_out_of_both_and_counted(tmp_path: Path) -> None:
    a = made(tmp_path / "a", items("a", 4), [0.9, None, 0.9, 0.9])
    b = made(tmp_path / "b", items("b", 4), [0.1, 0.1, None, 0.3])
    found = compare.compare(a, b).overall
    assert (found.n, found.n_missing) == (2, 2)
    assert found.win_rate_a == pytest.approx(90)
    assert found.win_rate_b == pytest.approx(20)


def test_a_verdict_in_one_order_alone_is_missing(tmp_path: Path) -> None:
    """Half a pair would put the judge's position bias into the difference."""
    a = made(tmp_path / "a", items("a", 3), 0.9, both_orders=True)
    made(tmp_path / "b", items("b", 3), 0.2, both_orders=True)
    file = tmp_path / "b" / run_folder.VERDICTS
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    rows[0]["preference"] = None
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = compare.compare(a, compare.load(tmp_path / "b")).overall
    assert (found.n, found.n_missing) == (2, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "other"}, r"differ in judge \(scripted/judge against scripted/other\)$"),
        ({"both_orders": True}, r"differ in order \(balanced against both\)$"),
        ({"seed": 1}, r"differ in order \(drawn from seed 0 against 1\)$"),
        ({"identity": {"fingerprint": "abc"}}, r"differ in judge \(scripted/judge against scripted/judge@abc\)$"),
        ({"identity": {"args": {"dtype": "half"}}}, r"differ in judge \(dtype None against half\)$"),
        ({"model": "other", "seed": 1}, r"differ in judge \(.*\), order \(.*\)$"),
    ],
)
def test_runs_in_another_setting_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    a, b = made(tmp_path / "a", items("a", 6)), made(tmp_path / "b", items("b", 6), **options)
    with pytest.raises(UserError, match=message):
        compare.compare(a, b)


def test_another_prompt_is_refused(tmp_path: Path) -> None:
    a = made(tmp_path / "a", items("a", 6))
    made(tmp_path / "b", items("b", 6))
    file = tmp_path / "b" / run_folder.RESULTS
    prompt = a.signature.split("prompt:")[1].split("|")[0]
    file.write_text(file.read_text().replace(f"prompt:{prompt}", "prompt:0123abcd"))
    with pytest.raises(UserError, match=rf"differ in prompt \({prompt} against 0123abcd\)$"):
        compare.compare(a, compare.load(tmp_path / "b"))


def test_another_reference_is_refused(tmp_path: Path) -> None:
    others = [*items("b", 5), *items("b", 6, reference="Andere Vergleichsantwort")[5:]]
    a, b = made(tmp_path / "a", items("a", 6)), made(tmp_path / "b", others)
    with pytest.raises(UserError, match=r"differ in reference \(1 of 6 shared items, the first is id 'item-5' in de\)"):
        compare.compare(a, b)


def test_signatures_that_differ_in_reference_over_the_same_items_are_refused(tmp_path: Path) -> None:
    a = made(tmp_path / "a", items("a", 6))
    b = replace(a, setting=replace(a.setting, signature=re.sub(r"@\w+\|version", "@0123abcd|version", a.signature)))
    with pytest.raises(UserError, match=r"differ in reference \(\w{8} against 0123abcd in the signature\)"):
        compare.compare(a, b)


def test_the_seed_does_not_matter_in_both_orders(tmp_path: Path) -> None:
    a, b = (made(tmp_path / tag, items(tag, 6), both_orders=True, seed=n) for n, tag in enumerate("ab"))
    assert compare.compare(a, b).overall.n == 6


def test_where_the_judge_runs_is_told_and_not_refused(tmp_path: Path) -> None:
    a = made(tmp_path / "a", items("a", 6), identity={"args": {"tensor_parallel_size": "2", "dtype": "half"}})
    b = made(tmp_path / "b", items("b", 6), identity={"args": {"dtype": "half"}, "endpoint": "http://two/v1"})
    (caveat,) = compare.compare(a, b).caveats
    assert "http://one/v1 and at http://two/v1" in caveat


def test_what_is_no_finished_run_with_verdicts_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path / "absent", tmp_path):
        with pytest.raises(UserError, match="is no run folder"):
            compare.load(folder)
    judge_pairs(items("a", 2), None, tmp_path / "none", silent)
    with pytest.raises(UserError, match="was made without a judge"):
        compare.load(tmp_path / "none")
    made(tmp_path / "cut", items("a", 2))
    (tmp_path / "cut" / run_folder.SAMPLES).write_text("{}\n")
    with pytest.raises(UserError, match=r"samples.jsonl: damaged"):
        compare.load(tmp_path / "cut")
    more = (tmp_path / "none" / run_folder.SAMPLES).read_text() * 2  # Answers that came after the results.
    (tmp_path / "cut" / run_folder.SAMPLES).write_text(more)
    with pytest.raises(UserError, match=r"is not finished \(results.json is of 2 of its 4 answers\)"):
        compare.load(tmp_path / "cut")
    (tmp_path / "cut" / run_folder.RESULTS).unlink()
    with pytest.raises(UserError, match="is not finished"):
        compare.load(tmp_path / "cut")


def test_the_command_prints_and_writes_the_figures(tmp_path: Path) -> None:
    codes = ("de", "fi", "zh")
    a = made(tmp_path / "a", items("a", 20, codes), 0.8)
    given = items("b", 20, codes)
    made(tmp_path / "b", given, [0.5 if item.language == "fi" else 0.8 for item in given])
    result = run("compare", tmp_path / "a", tmp_path / "b", "--output", tmp_path / "new" / "out.json", COLUMNS="80")
    assert result.returncode == 0, result.stderr
    for text in (
        "German (de)",
        "Finnish (fi)",
        "all",
        "+10.0",
        "+30.0",
        "+30.0 to +",
        "Holm p",
        "< 0.001",
        "1.000",
    ):
        assert text in result.stdout
    assert "…" not in result.stdout, "a column does not fit"
    found = json.loads((tmp_path / "new" / "out.json").read_text())
    assert found["difference"] == pytest.approx(10)
    assert found["win_rate_a"] == pytest.approx(80)
    assert found["n"] == 60
    assert found["signature_a"] == a.signature
    finnish = found["by_language"]["fi"]
    assert finnish["p_value_holm"] == pytest.approx(3 * finnish["p_value"])
    assert (found["only_a"], found["n_changed"]) == ({}, 0)


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    made(tmp_path / "a", items("a", 3))
    assert "is no run folder" in complaint(run("compare", tmp_path / "a", tmp_path))
    made(tmp_path / "b", items("b", 3), seed=1, model="other")
    message = complaint(run("compare", tmp_path / "a", tmp_path / "b"))
    assert "differ in judge (scripted/judge against scripted/other), order" in message


@pytest.mark.skipif(not (SHARED / "alpaca_eval").is_dir(), reason="no data beside the checkout")
def test_real_preferences_give_the_published_win_rates() -> None:
    table = pq.read_table(SHARED / "alpaca_eval" / "preferences.parquet").to_pylist()
    with (SHARED / "alpaca_eval" / "published.csv").open() as file:
        published = {row["model"]: float(row["win_rate"]) for row in csv.DictReader(file)}
    first, second = sorted(published)[:2]
    a, b = (
        directly(name, {(str(row["index"]), "en"): row["preference"] for row in table if row["model"] == name})
        for name in (first, second)
    )
    found = compare.compare(a, b).overall
    assert found.win_rate_a == pytest.approx(published[first], abs=0.01)
    assert found.win_rate_b == pytest.approx(published[second], abs=0.01)
    assert found.difference == pytest.approx(published[first] - published[second], abs=0.02)
    assert found.n == found.n_prompts > 800
    assert found.p_value is not None
    assert found.p_value < 0.01


def test_a_log_of_the_harness_is_compared_like_a_run(tmp_path: Path) -> None:
    one = harness_log(tmp_path / "one", [0.9, 0.8, 0.7], "org/one")
    two = harness_log(tmp_path / "two", [0.4, 0.5, 0.6], "org/two")
    found = compare.compare(compare.load(one), compare.load(two))
    assert found.overall.difference == pytest.approx(30)
    assert found.overall.n == 3
    answers = write_jsonl(tmp_path / "answers.jsonl", [{"prediction": "Ja.", "language": "de"}])
    with pytest.raises(UserError, match="has answers and no verdicts; judge them first: xl-alpacaeval judge"):
        compare.load(answers)
