"""Tables at 80 columns and fewer: long names take several lines, and no figure is cut."""

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from xl_alpacaeval_metric.leaderboard.contrasts import RunsComparison
from xl_alpacaeval_metric.leaderboard.places import FigureRanking, Place, Ranking
from xl_alpacaeval_metric.planning.costs import Cost
from xl_alpacaeval_metric.planning.steps import Step
from xl_alpacaeval_metric.prefetch.found import Found
from xl_alpacaeval_metric.prefetch.needs import Need, Source
from xl_alpacaeval_metric.records.judge_check import CheckFigures, CheckSummary, JudgeCheck, KindFigures
from xl_alpacaeval_metric.records.panel import JudgeFigures, PanelFigures
from xl_alpacaeval_metric.records.result import CriterionScore, Effect, Fidelity, Result, Scores, Usage
from xl_alpacaeval_metric.report import cells, comparisons, fitting, judge_check, plan, prefetch, ranking, results
from xl_alpacaeval_metric.runs.contrast import Contrast, RunComparison

CODES = ("lt", "zh-Hant", "pt-BR", "nb")
SCORES = Scores(
    win_rate=100.0,
    win_rate_stderr=12.3,
    win_rate_ci95=(100.0, 100.0),
    lc_win_rate=50.0,
    lc_win_rate_stderr=10.0,
    n=12797,
    n_missing=0,
    n_items=12797,
    n_empty=0,
    wins=12797,
    losses=0,
    ties=0,
    line_pass_rate=100.0,
    word_pass_rate=100.0,
    coverage=100.0,
    avg_length=12345.0,
    avg_reference_length=100.0,
    position_consistency=90.0,
    first_position_rate=100.0,
    criteria={
        name: CriterionScore(4.25, (4.1, 4.4), 12797, 0)
        for name in ("naturalness", "instruction_following", "helpfulness", "culture", "correctness")
    },
)
EFFECT = Effect(-100.0, (-100.0, -99.0), 0.01, 1234)
CHECK = CheckFigures(
    *("doubtful", 100.0, 100.0, (100.0, 100.0), 100.0, -12.3, 10.1, 12797, 0),
    {kind: KindFigures(100.0, 100.0, 100.0, 1234, 0) for kind in judge_check.KIND_COLUMNS},
)
CONTRAST = Contrast(100.0, 100.0, -100.0, (-100.0, -100.0), 0.0001, 0.0001, 12797, 1234, 0, 0.0001)


def scores(console: Console) -> None:
    judge = JudgeFigures(100.0, (100.0, 100.0), -100.0, (-100.0, -99.0), 12797, 0, 100.0, CheckSummary("no judge"))
    panel = PanelFigures({"openai/organisation/a-very-long-name-of-a-judge": judge}, 0.5)
    effects = {"request and context": {"win_rate": EFFECT, "line_pass_rate": EFFECT}}
    designs = {"none": SCORES, "request and context": SCORES}
    by_language = dict.fromkeys(CODES, SCORES)
    found = Result(SCORES, by_language, Usage(), "judge:x", by_design=designs, effects=effects, panel=panel)
    results.show(found, "runs/t", console)


def rates(console: Console) -> None:
    one = Fidelity(100.0, 100.0, 100.0, 12797, 12797, fidelity=100.0, switch_rate=100.0)
    found = Fidelity(
        *(100.0, 100.0, 100.0, 12797, 12797),
        fidelity=100.0,
        switch_rate=100.0,
        by_language=dict.fromkeys(CODES, one),
    )
    results.show_fidelity(found, "t", console)


def checks(console: Console) -> None:
    judge_check.show(JudgeCheck(CHECK, dict.fromkeys(CODES, CHECK), (), "x", "p", "c"), "check", console)


def two_runs(console: Console) -> None:
    comparisons.show_comparison(pair("a", "b"), console)


def three_runs(console: Console) -> None:
    pairs = [pair("a", "b"), pair("a", "c"), pair("b", "c")]
    models = ["SmolLM2-135M-Instruct", "gemma-3-270m-base", "organisation/tuned"]
    comparisons.show_comparisons(RunsComparison(["a", "b", "c"], pairs, models), console)


def pair(first: str, second: str) -> RunComparison:
    by_language = dict.fromkeys(CODES, CONTRAST)
    return RunComparison(first, second, CONTRAST, by_language, {}, {}, 0, (), "", "")


def ranks(console: Console) -> None:
    places = [
        Place(
            n,
            f"organisation/model-{n}-of-a-long-name-in-which-no-space-is",
            100.0,
            (100.0, 100.0),
            1,
            12,
            letters,
            12797,
            0,
        )
        for n, letters in enumerate(("abc", "abcdefghijklmno"), 1)
    ]
    ranking.show_ranking(Ranking({"win_rate": FigureRanking("", places, {"lt": places}, [], 12797, 9)}), console)


def plans(console: Console) -> None:
    step = Step("judge answers", "organisation/a-very-long-name-of-a-judge", 34_567, 45_678_901, 45_678_901)
    plan.show([step, step], [Cost(3456.78, None, 234.5, 234.5)] * 2, "EUR", [], console)


def needs(console: Console) -> None:
    need = Need("model", Source.ENDPOINT, "organisation/a-very-long-name-of-a-model-without-any-space")
    prefetch.show([Found(need, "abcdefabcdefabcdef", 123_456_789_012, missing=("model.safetensors",))], console)


def languages(console: Console) -> None:
    row = ("100.0", "100.0 to 100.0", "100.0", "12797", "12797", "12797")
    columns = ("anchored %", "95% interval", "judge only %", "labels", "worth", "items")
    cells.print_by_language(columns, [(cells.language(code), row) for code in CODES], row, console)


TABLES = (scores, rates, checks, two_runs, three_runs, ranks, plans, needs, languages)


def printed(show: Callable[[Console], None], width: int) -> str:
    file = io.StringIO()
    show(Console(file=file, width=width))
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 60, 30])
@pytest.mark.parametrize("show", TABLES)
def test_nothing_is_cut(show: Callable[[Console], None], width: int) -> None:
    def figures(shown: str) -> list[str]:
        return sorted(re.findall(r"(?<![\w.-])[-+]?\d[\d.,]+(?![\w-])", shown))

    shown = printed(show, width)
    assert "…" not in shown
    assert figures(shown) == figures(printed(show, 1000))


@pytest.mark.parametrize("show", [show for show in TABLES if show is not three_runs])
def test_tables_fit_80_columns(show: Callable[[Console], None]) -> None:
    rules = [line for line in printed(show, 80).splitlines() if line.startswith("──")]
    assert rules
    assert max(map(len, rules)) <= 80


def test_a_table_that_cannot_fit_is_wider_than_the_terminal() -> None:
    def show(console: Console) -> None:
        table = cells.table()
        fitting.add_names(table, "language")
        fitting.add_figures(table, *(f"figure {n}" for n in range(5)))
        table.add_row("Lithuanian", *("-123456.7 to +123456.7",) * 5)
        fitting.print_table(table, console)

    assert printed(show, 40).count("-123456.7 to +123456.7") == 5


def test_names_take_the_room_that_figures_leave() -> None:
    def show(console: Console) -> None:
        table = cells.table()
        fitting.add_names(table, "model")
        fitting.add_figures(table, "a long heading")
        table.add_row("a" * 40, "1")
        fitting.print_table(table, console)

    assert "a" * 40 in printed(show, 60)
    assert "a" * 21 in printed(show, 31)
    assert "a long heading" not in printed(show, 31)
