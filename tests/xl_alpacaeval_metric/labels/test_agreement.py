import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.labels import agreement, label_file
from xl_alpacaeval_metric.labels.categories import CATEGORIES
from xl_alpacaeval_metric.labels.label_file import Labels
from xl_alpacaeval_metric.records.judgements import ItemKey, Order, Verdict
from xl_alpacaeval_metric.runs import verdicts as run_verdicts

FIRST: Order = "candidate_first"
SECOND: Order = "reference_first"


def verdict(
    identifier: str, preference: float | None, language: str = "de", order: Order = "candidate_first"
) -> Verdict:
    return Verdict(identifier, language, order, preference)


def write(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def verdict_file(path: Path, *verdicts: Verdict) -> Path:
    return write(path, *map(asdict, verdicts))


def read_labels(path: Path, judged: Collection[ItemKey]) -> dict[ItemKey, float | None]:
    return label_file.read([path], judged).means()


def read_prompts(path: Path) -> dict[ItemKey, str]:
    return {key: item.cluster for key, item in run_verdicts.read_samples(path).items()}


def measure(
    verdicts: Mapping[ItemKey, Sequence[Verdict]],
    labels: Mapping[ItemKey, float | None],
    prompts: Mapping[ItemKey, str] | None = None,
) -> agreement.Agreement:
    """Agreement with the labels of one annotator."""
    return agreement.measure(verdicts, Labels({key: {"a": value} for key, value in labels.items()}), prompts)


def rated(pairs: list[tuple[str, str]]) -> agreement.Agreement:
    """Agreement of verdicts and labels in these categories, all in one language."""
    value = {"win": 0.9, "tie": 0.5, "loss": 0.2}
    verdicts = {(str(i), "de"): [verdict(str(i), value[mine])] for i, (mine, _) in enumerate(pairs)}
    return measure(verdicts, {(str(i), "de"): value[theirs] for i, (_, theirs) in enumerate(pairs)})


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [((20, 5, 10, 15), 0.4), ((45, 15, 25, 15), 0.1304), ((25, 35, 5, 35), 0.2593)],
)
def test_kappa_of_known_tables(counts: tuple[int, int, int, int], kappa: float) -> None:
    """The three worked examples of the article on Cohen's kappa in Wikipedia."""
    cells = [("win", "win"), ("win", "loss"), ("loss", "win"), ("loss", "loss")]
    found = rated([cell for cell, count in zip(cells, counts, strict=True) for _ in range(count)])
    assert found.kappa == pytest.approx(kappa, abs=5e-5)
    assert found.agreement == pytest.approx(100 * (counts[0] + counts[3]) / sum(counts))
    assert found.confusion["win"] == {"win": counts[0], "tie": 0, "loss": counts[1]}


CATEGORY = st.sampled_from(CATEGORIES)


@given(st.lists(st.tuples(CATEGORY, CATEGORY), min_size=1, max_size=30))
def test_kappa_is_agreement_beyond_that_of_shuffled_labels(pairs: list[tuple[str, str]]) -> None:
    observed = sum(a == b for a, b in pairs) / len(pairs)
    by_chance = sum(a == b for a, _ in pairs for _, b in pairs) / len(pairs) ** 2
    kappa = rated(pairs).kappa
    if len({name for pair in pairs for name in pair}) == 1:
        assert kappa is None
    else:
        assert kappa == pytest.approx((observed - by_chance) / (1 - by_chance))


def test_kappa_is_defined_unless_both_give_the_same_one_category() -> None:
    assert rated([("win", "win")] * 4).kappa is None
    assert rated([("win", "win")] * 4).agreement == 100
    assert rated([("win", "loss")] * 4).kappa == 0
    assert rated([("win", "win"), ("win", "loss")]).kappa == 0
    assert rated([("win", "win"), ("tie", "tie"), ("loss", "loss")]).kappa == 1


def test_ties_of_people_are_no_fault_of_a_judge_that_never_ties() -> None:
    """A perfect judge, and people who tie on one item of five."""
    found = rated([("win", "win"), ("loss", "loss")] * 40 + [("win", "tie"), ("loss", "tie")] * 10)
    assert (found.agreement, found.agreement_without_ties, found.agreement_half_credit) == (80, 100, 90)
    assert (found.n_labels, found.n_without_ties) == (100, 80)
    assert found.kappa == pytest.approx(2 / 3)
    for value, bounds in [
        (found.agreement, found.agreement_ci95),
        (found.agreement_without_ties, found.agreement_without_ties_ci95),
        (found.agreement_half_credit, found.agreement_half_credit_ci95),
        (found.kappa, found.kappa_ci95),
        (found.ac1, found.ac1_ci95),
    ]:
        assert value is not None
        assert bounds is not None
        assert bounds[0] < value <= bounds[1]


def test_people_are_held_to_each_other_on_the_items_that_both_labelled() -> None:
    given = {
        "both": {"a": 1.0, "b": 1.0},
        "apart": {"a": 1.0, "b": 0.0},
        "near": {"a": 1.0, "b": 0.5},
        "one": {"a": 0.0},
    }
    verdicts = {(name, "de"): [verdict(name, 0.9)] for name in given}
    found = agreement.measure(verdicts, Labels({(name, "de"): labels for name, labels in given.items()}))
    assert (found.n, found.n_labels) == (4, 7)
    assert found.agreement == pytest.approx(100 * 4 / 7)
    assert found.people is not None
    assert found.people.n_items == 3
    assert found.people.agreement == pytest.approx(100 / 3)
    assert found.people.agreement_half_credit == pytest.approx(50)
    assert found.people.agreement_without_ties == pytest.approx(50)
    assert found.people.judge_agreement == pytest.approx(100 * (1 + 0.5 + 0.5) / 3)
    assert found.annotators["b"].n == 3
    assert measure(verdicts, {("both", "de"): 1.0}).people is None


def test_calibration_holds_probabilities_to_labels() -> None:
    verdicts = {(str(i), "de"): [verdict(str(i), 0.9 if i < 10 else 0.3)] for i in range(20)}
    found = measure(verdicts, {(str(i), "de"): float(i < 8 or i >= 15) for i in range(20)}).calibration
    assert found is not None
    assert found.brier == pytest.approx((8 * 0.01 + 2 * 0.81 + 5 * 0.49 + 5 * 0.09) / 20)
    assert found.brier_constant == pytest.approx(0.65 * 0.35)
    assert found.residual == pytest.approx(5)
    figures = [figure for part in found.bins if part.n for figure in (part.n, part.preference, part.label)]
    assert figures == pytest.approx([10, 30, 50, 10, 90, 80])


def test_an_item_counts_by_the_mean_of_its_orders() -> None:
    verdicts = {("a", "de"): [verdict("a", 1.0), verdict("a", 0.0, order=SECOND)]}
    assert measure(verdicts, {("a", "de"): 0.5}).agreement == 100


def test_consistency_is_that_of_the_verdicts_labelled_or_not() -> None:
    def both(identifier: str, a: float | None, b: float | None, code: str = "de") -> list[Verdict]:
        return [verdict(identifier, a, code), verdict(identifier, b, code, SECOND)]

    judged = [
        both("a", 0.9, 0.8),
        both("b", 0.9, 0.1),
        both("c", 0.1, 0.2),
        both("d", 0.9, None),
        both("a", 0, 1, "fi"),
    ]
    verdicts = {(pair[0].id, pair[0].language): pair for pair in judged}
    found = measure(verdicts, {("a", "de"): 1.0})
    assert found.position_consistency == pytest.approx(50)
    assert found.n_both_orders == 4
    assert found.by_language["de"].position_consistency == pytest.approx(200 / 3)
    assert found.by_language["fi"].position_consistency == 0
    assert (found.n, found.only_verdicts) == (1, 4)
    assert (found.by_language["fi"].n, found.by_language["fi"].agreement, found.by_language["fi"].kappa) == (
        0,
        None,
        None,
    )


def test_variants_of_a_prompt_are_one_draw_in_the_interval(tmp_path: Path) -> None:
    names = [(n, variant) for n in range(10) for variant in range(5)]
    texts = {"language": "de", "instruction": "Q", "prediction": "P", "reference": "R"}
    rows = [{"id": f"{n}-{variant}", "prompt": str(n), **texts} for n, variant in names]
    verdict_file(tmp_path / "verdicts.jsonl", *(verdict(f"{n}-{variant}", 0.9) for n, variant in names))
    verdicts = run_verdicts.read(tmp_path)
    labels: dict[ItemKey, float | None] = {(f"{n}-{variant}", "de"): float(n % 2) for n, variant in names}
    assert read_prompts(tmp_path) == {}
    narrow = measure(verdicts, labels, read_prompts(tmp_path)).agreement_ci95
    write(tmp_path / "samples.jsonl", *rows)
    wide = measure(verdicts, labels, read_prompts(tmp_path / "verdicts.jsonl")).agreement_ci95
    assert narrow is not None
    assert wide is not None
    assert wide[1] - wide[0] > 1.8 * (narrow[1] - narrow[0])


def test_one_order_has_no_consistency() -> None:
    assert rated([("win", "win")]).position_consistency is None


def test_what_is_left_out_is_counted() -> None:
    verdicts = {
        (name, "de"): [verdict(name, preference)] for name, preference in [("a", 1), ("b", None), ("c", 0), ("d", 0.4)]
    }
    labels: dict[ItemKey, float | None] = {("a", "de"): 1, ("b", "de"): 1, ("c", "de"): None, ("e", "de"): 0}
    labels[("a", "fi")] = 0.0
    found = measure(verdicts, labels)
    assert (found.n, found.n_missing, found.only_verdicts, found.only_labels) == (1, 2, 1, 2)
    assert found.agreement == 100
    assert list(found.by_language) == ["de"]


def test_the_interval_draws_prompts_with_all_their_languages() -> None:
    """Two languages that always agree add no information on a prompt."""
    verdicts: dict[ItemKey, list[Verdict]] = {}
    labels: dict[ItemKey, float | None] = {}
    for number in range(40):
        for code in ("de", "fi"):
            verdicts[(str(number), code)] = [verdict(str(number), 1.0, code)]
            labels[(str(number), code)] = float(number % 2)
    found = measure(verdicts, labels)
    assert found.agreement == 50
    assert found.agreement_ci95 == found.by_language["de"].agreement_ci95 == found.by_language["fi"].agreement_ci95


def test_a_run_folder_and_its_file_read_alike(tmp_path: Path) -> None:
    file = verdict_file(
        tmp_path / "run" / "verdicts.jsonl", verdict("a", None), verdict("a", 0.7), verdict("a", 0.2, "fi")
    )
    found = run_verdicts.read(file)
    assert found == run_verdicts.read(tmp_path / "run")
    assert [v.preference for v in found[("a", "de")]] == [0.7], "the later verdict on a question counts"
    assert read_labels(file, found) == {("a", "de"): 0.7, ("a", "fi"): 0.2}
    with file.open("a") as unfinished:
        unfinished.write('{"id": "b", "lang')
    assert run_verdicts.read(tmp_path / "run") == found


def test_labels_in_words_and_in_numbers(tmp_path: Path) -> None:
    words = [
        ("candidate", 1),
        ("reference", 0),
        ("tie", 0.5),
        ("win", 1),
        ("loss", 0),
        (" Win ", 1),
        (None, None),
        ("", None),
    ]
    rows = [{"id": i, "language": "de", "label": word} for i, (word, _) in enumerate(words)]
    expected = {(str(i), "de"): value for i, (_, value) in enumerate(words)}
    assert read_labels(write(tmp_path / "labels.jsonl", *rows), []) == expected
    numbers = [{"id": str(i), "language": "deu", "preference": value} for i, (_, value) in enumerate(words)]
    assert read_labels(write(tmp_path / "numbers.jsonl", *numbers), []) == expected
    pq.write_table(pa.Table.from_pylist(numbers), tmp_path / "numbers.parquet")
    assert read_labels(tmp_path / "numbers.parquet", []) == expected
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    assert read_labels(tmp_path / "labels.json", []) == expected
    nan = write(tmp_path / "nan.jsonl", {"id": "a", "language": "de", "preference": math.nan})
    assert read_labels(nan, []) == {("a", "de"): None}


def test_people_may_label_exported_verdicts(tmp_path: Path) -> None:
    """The judge's own preferences are beside the labels, and are not read as labels."""
    rows = [asdict(verdict("a", 0.9, order=order)) | {"label": "reference"} for order in (FIRST, SECOND)]
    file = write(tmp_path / "labelled.jsonl", *rows, asdict(verdict("b", 0.9)) | {"label": None})
    assert read_labels(file, []) == {("a", "de"): 0.0, ("b", "de"): None}


def test_a_language_may_be_left_out_where_ids_are_unique(tmp_path: Path) -> None:
    file = write(tmp_path / "labels.jsonl", {"id": "a", "label": "win"}, {"id": "z", "label": "win"})
    labels = read_labels(file, [("a", "fi"), ("b", "de")])
    assert labels[("a", "fi")] == 1.0
    found = measure({("a", "fi"): [verdict("a", 1, "fi")]}, labels)
    assert (found.n, found.only_labels, list(found.by_language)) == (1, 1, ["fi"])
    with pytest.raises(UserError, match=r"labels.jsonl line 1: no \"language\", and id 'a' is judged in fi, de"):
        read_labels(file, [("a", "fi"), ("a", "de")])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"id": "a", "language": "de", "label": "A"}],
            "line 1: \"label\" is 'A'; need candidate, win, tie, reference, loss",
        ),
        ([{"id": "a", "language": "de", "label": 1}], '"label" is 1; need'),
        ([{"id": "a", "language": "de", "preference": 1.5}], 'line 1: "preference" is 1.5; need a number from 0'),
        ([{"id": "a", "language": "de", "preference": True}], '"preference" is True; need a number'),
        ([{"id": "a", "language": "de"}], 'line 1: neither "preference" nor "label"; give one'),
        ([{"language": "de", "label": "win"}], 'line 1: no "id"'),
        ([{"id": "a", "language": "qqq", "label": "win"}], "line 1: unknown language 'qqq'"),
        ([{"id": "a", "language": 5, "label": "win"}], "line 1: language 5 is no text"),
        (
            [{"id": "a", "language": "de", "label": "win"}, {"id": "a", "language": "de", "label": "tie"}],
            "line 2: id 'a' has another label already",
        ),
        ([], "is empty"),
    ],
)
def test_labels_that_cannot_be_read_are_named(tmp_path: Path, rows: list[dict[str, object]], message: str) -> None:
    with pytest.raises(UserError) as error:
        read_labels(write(tmp_path / "labels.jsonl", *rows), [])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": "first"}, "line 1: is no verdict"),
        ({"language": None}, "line 1: is no verdict"),
        ({"id": None}, 'line 1: no "id"'),
        ({"preference": "A"}, "\"preference\" is 'A'"),
    ],
)
def test_lines_that_are_no_verdicts_are_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        run_verdicts.read(write(tmp_path / "verdicts.jsonl", asdict(verdict("a", 1.0)) | change))
    assert message in str(error.value)


def test_a_folder_without_verdicts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no verdicts\.jsonl"):
        run_verdicts.read(tmp_path)


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(UserError, match=r"share no item.*\('a', 'de'\).*\('a', 'fi'\)"):
        measure({("a", "de"): [verdict("a", 1.0)]}, {("a", "fi"): 1.0})
    with pytest.raises(UserError, match="none of the 1 item in both files has both"):
        measure({("a", "de"): [verdict("a", None)]}, {("a", "de"): 1.0})


def test_the_command_prints_and_writes_the_figures(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    judged = [
        verdict(f"[{n}]", n / 10, code, order) for n in range(9) for code in ("de", "fi") for order in (FIRST, SECOND)
    ]
    verdict_file(folder / "verdicts.jsonl", *judged)
    labels = [
        {"id": f"[{n}]", "language": code, "label": "win" if n > 3 else "loss"}
        for n in range(8)
        for code in ("de", "fi")
    ]
    file = write(tmp_path / "labels.jsonl", *labels)
    result = run("agreement", folder, file, "--output", tmp_path / "new" / "agreement.json", COLUMNS="80")
    assert result.returncode == 0, result.stderr
    for text in ("German (de)", "Finnish (fi)", "all", "75.0", "kappa", "verdict win: 4 labelled win, 0 labelled tie"):
        assert text in result.stdout
    assert "left out: 2 items with a verdict" in result.stdout
    assert "…" not in result.stdout, "a column does not fit"
    found = json.loads((tmp_path / "new" / "agreement.json").read_text())
    # Verdicts 0..3 are losses, 4 a loss labelled a win, 5 a tie labelled a win, 6 and 7 wins.
    assert (found["agreement"], found["n"], found["only_verdicts"]) == (75.0, 16, 2)
    assert found["kappa"] == pytest.approx((0.75 - (0.5 * 5 / 8 + 0.5 * 2 / 8)) / (1 - (0.5 * 5 / 8 + 0.5 * 2 / 8)))
    assert found["by_language"]["fi"]["n"] == 8
    assert found["position_consistency"] == 100.0


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    file = verdict_file(tmp_path / "verdicts.jsonl", verdict("a", 1.0))
    assert "absent.jsonl: no such file" in complaint(run("agreement", file, tmp_path / "absent.jsonl"))
    assert "is a directory" in complaint(run("agreement", file, file, "--output", tmp_path))
