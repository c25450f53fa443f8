"""What is judged and scored in a run folder, for `eval` and `judge` alike."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge.estimate import Estimate, estimate
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.judge_check import checking
from xl_alpacaeval_metric.progress import Notify, Progress
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Rating, Verdict
from xl_alpacaeval_metric.records.result import Result
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import judges
from xl_alpacaeval_metric.runs.folder import RunFolder
from xl_alpacaeval_metric.scoring import score_task
from xl_alpacaeval_metric.sequential.rules import Rule
from xl_alpacaeval_metric.stats.length_control.known_tastes import LengthControl

OnEstimate = Callable[[Estimate], None]
SOURCE = "source"
"""Key of run.json: the benchmark and the references as a signature names them."""


def ignore(_: object) -> None:
    """A callback that does nothing."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How the answers of a run are judged.

    With a `rubric` the judge rates the answers, too. `on_estimate` is called with what judging will
    take, and may raise to stop there. With a `rule` the answers are judged in looks
    (`sequential.rules`). `judge_check` says whether the judge is checked first
    (`judge_check.checking`). `notify` gets lines for the user about what the folder takes on. The
    judge's preflight has run.
    """

    judge: Judge | None
    rubric: Rubric | None = None
    on_estimate: OnEstimate = ignore
    rule: Rule | None = None
    judge_check: bool | None = None
    assume_gpt4_taste: bool = False
    notify: Notify = ignore


def take_on(
    folder: RunFolder, judging: Judging, task: JudgingTask, rows: Mapping[str, object], source: tuple[str, str]
) -> None:
    """Write into run.json what the folder holds now, and by whom it is judged.

    What another judge said before is put away first (`judges`). `rows` are the settings that follow
    the rows, `source` names benchmark and references. Where anything is left to do, the results of
    before go away, so that the run is not finished until those of now are there. A kill on the way
    loses no answer and no judgement.
    """
    stored = folder.stored
    before, now = judges.folders_in(folder), judges.folders_of(judging.judge)
    settings: dict[str, Any] = {**stored["settings"], **rows}
    ours = judges.settings_of(judging.judge)
    if before != now or any(settings.get(key) != ours.get(key) for key in ("order", "judge_votes")):
        kept = [key for key in settings if not (key.startswith("judge") or key in ("prompt", "order", "seed"))]
        settings = {**{key: settings[key] for key in kept}, **ours}
    if before and before != now and judges.put_away(folder, before):
        places = ", ".join(str(folder.path / judges.FOLDER / name) for name in before.values())
        judging.notify(f"{folder.path}: was judged by {stored['settings'].get('judge')}; that is kept in {places}")
    folder.settle(settings, **{judges.KEY: now, SOURCE: list(source)})
    if before != now or dict(settings) != stored["settings"] or not _covered(folder, task):
        for name in (run_folder.RESULTS, run_folder.ITEMS):
            (folder.path / name).unlink(missing_ok=True)


def _covered(folder: RunFolder, task: JudgingTask) -> bool:
    """Whether the results there are of all items of the task, and nothing is left to ask."""
    results = folder.path / run_folder.RESULTS
    if task.pending or task.unrated or not results.is_file():
        return False
    return jsonl.read_json(results).get("n_items") == len(task.comparisons)


def planned(
    folder: RunFolder, comparisons: Sequence[Comparison], judging: Judging, without: Collection[ItemKey] = ()
) -> tuple[JudgingTask, checking.JudgeChecking | None]:
    """What is left to judge, and the judge's check; tells the estimate of both.

    Nothing in the folder has changed yet: raises what `on_estimate` raises, and the run there is
    what it was.
    """
    task = task_of(folder, comparisons, judging, without)
    check = checking.checking(judging.judge, comparisons, judging.judge_check)
    if judging.judge is not None:
        expected = estimate(task)
        judging.on_estimate(expected if check is None else replace(expected, check=check.estimate()))
    return task, check


def task_of(
    folder: RunFolder, comparisons: Sequence[Comparison], judging: Judging, without: Collection[ItemKey] = ()
) -> JudgingTask:
    """What is left to judge, given the judgements in the folder; items `without` are not judged."""
    return _task(folder, comparisons, judging, without, judges.folders_of(judging.judge))


def left_in(
    path: Path, comparisons: Sequence[Comparison], judging: Judging, without: Collection[ItemKey]
) -> JudgingTask:
    """What the run in a folder leaves to judge; nothing is asked, and nothing is written."""
    folder = RunFolder(path, {})
    return _task(folder, comparisons, judging, without, judges.folders_expected(folder, judging.judge))


def _task(
    folder: RunFolder,
    comparisons: Sequence[Comparison],
    judging: Judging,
    without: Collection[ItemKey],
    names: Mapping[str, str],
) -> JudgingTask:
    # Ratings carry the hash of their criteria, which are no setting of the folder: a finished run
    # can be rated later.
    return JudgingTask.of(
        comparisons,
        judging.judge,
        rubric=judging.rubric,
        verdicts=judges.verdicts(folder, names),
        ratings=judges.ratings(folder, names) if judging.rubric else (),
        without=without,
    )


def arrange(folder: RunFolder, task: JudgingTask) -> None:
    """Have verdicts.jsonl hold the verdicts of the task (`judges.arrange`)."""
    judges.arrange(folder, judges.folders_of(task.judge), task)


def judged(
    folder: RunFolder,
    task: JudgingTask,
    judging: Judging,
    source: tuple[str, str],
    progress: Progress,
    notes: Sequence[str] = (),
    check: checking.JudgeChecking | None = None,
) -> Result:
    """Judge what is pending, score it, and write the results; `notes` become warnings."""
    found = None if check is None else check.run(progress)
    if found is not None:
        jsonl.write_json(folder.path / run_folder.CHECK, found.as_dict())
    if task.judge:
        arrange(folder, task)
        if task.pending or not task.new:
            done = task.n_questions - len(task.pending)
            progress("judging", done, task.n_questions, f"judging with {task.judge.client.spec}")
    if task.rubric:
        jsonl.write_json(folder.path / run_folder.RUBRIC, task.rubric.as_dict())
    result = score_task(
        task,
        on_verdict=_keep(folder, progress, "judging", task.n_questions - len(task.pending), task.n_questions),
        on_rating=_keep(
            folder,
            progress,
            "rating by criteria",
            len(task.comparisons) - len(task.unrated),
            len(task.comparisons),
        ),
        benchmark=source[0],
        references=source[1],
        rule=judging.rule,
        length_control=LengthControl(
            checking.tastes(found), judging.assume_gpt4_taste, checking.markdown_tastes(found)
        ),
    )
    result = replace(result, warnings=(*notes, *result.warnings))
    if task.judge:
        result = checking.with_check(result, found)
    folder.write_results(result)
    return result


def _keep(
    folder: RunFolder, progress: Progress, step: str, done: int, total: int
) -> Callable[[Verdict | Rating], None]:
    """A callback that appends each new judgement to the folder and reports the progress."""

    def keep(judgement: Verdict | Rating) -> None:
        nonlocal done
        folder.append(judgement)
        done += 1
        progress(step, done, total)

    return keep
