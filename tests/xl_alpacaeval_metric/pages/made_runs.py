"""Run folders as eval and judge write them, with answers and verdicts that a test chooses."""

import json
from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric.clients.base import Failure, Reply, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Comparison, Order, Verdict, flat
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.folder import RunFolder
from xl_alpacaeval_metric.scoring import score_task

Answer = tuple[str, str, str, float | None]
"""(id, language, text, preference); a preference of None is a verdict that is missing."""
ORDERS: tuple[Order, Order] = ("candidate_first", "reference_first")
FINNISH = "Koira juoksee metsän halki ja löytää vanhan luun puun alta, vaikka sataa kaatamalla. "
ARABIC = "يركض الكلب في الغابة ويجد عظمة قديمة تحت الشجرة رغم المطر الغزير. "
ENGLISH = "The dog runs through the forest and finds an old bone under the tree, although it rains. "
BY_LANGUAGE = {"fi": FINNISH, "ar": ARABIC}


def answers(count: int = 8, mean: float = 0.4) -> list[Answer]:
    """As many in Finnish and in Arabic; every fourth is in English."""
    return [
        (
            f"{n:03d}",
            code,
            f"{ENGLISH if n % 4 == 3 else text}{n}",
            min(1.0, max(0.0, mean + 0.05 * (n % 5) - 0.02 * (n % 3))),
        )
        for n in range(count)
        for code, text in BY_LANGUAGE.items()
    ]


def make(folder: Path, given: Sequence[Answer], *, model: str = "", judged: bool = True) -> Path:
    """Write a finished run with these answers, judged in both orders, or without a judge."""
    comparisons = [
        Comparison(identifier, code, f"Tell of dog {identifier}.", text, f"Reference {identifier}. {BY_LANGUAGE[code]}")
        for identifier, code, text, _ in given
    ]
    verdicts = [
        Verdict(identifier, code, order, value, raw="A")
        for identifier, code, _, value in given
        for order in ORDERS
        if judged and value is not None
    ]
    judge = Judge(ScriptedClient(_no_verdict), both_orders=True) if judged else None
    settings = {"model": model} if model else {"pairs": folder.name}
    with RunFolder(folder, settings) as opened:
        opened.write_rows(run_folder.SAMPLES, map(flat, comparisons))
        for verdict in verdicts:
            opened.append(verdict)
        opened.write_results(
            score_task(JudgingTask.of(comparisons, judge, verdicts=verdicts), on_verdict=opened.append)
        )
    return folder


def without_judge_in(folder: Path, language: str) -> None:
    """Let the check have found that the judge is none in this language."""
    file = folder / run_folder.RESULTS
    results = json.loads(file.read_text("utf-8"))
    results["judge_check"] = {"verdict": "doubtful", "accuracy": 70.0, "resolution": 60.0, "ci95": [50.0, 85.0]}
    for code, part in results["by_language"].items():
        part["judge_check"] = {"verdict": "no judge" if code == language else "passed"}
    file.write_text(json.dumps(results), "utf-8")
    figures = {"verdict": "passed", "accuracy": 90.0, "ci95": [80.0, 95.0], "resolution": 85.0, "n": 40}
    none = {**figures, "verdict": "no judge", "accuracy": 51.0, "ci95": [40.0, 62.0], "reason": "guesses"}
    check = {**figures, "judge": "scripted/scripted", "faults": [f"{language}: likes loops"]}
    check["by_language"] = {code: none if code == language else figures for code in results["by_language"]}
    (folder / run_folder.CHECK).write_text(json.dumps(check), "utf-8")


def _no_verdict(request: Request) -> Reply:
    return Failure("refused", "the judge refused")
