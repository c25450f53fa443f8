"""A run: generate answers, judge them, score them; each step continues where it stopped."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from xl_alpacaeval_metric.benchmark import Benchmark, Row
from xl_alpacaeval_metric.figures import LengthControl
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge.estimate import Estimate, estimate
from xl_alpacaeval_metric.judge.judging_stream import LiveJudging, can_stream
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.judge_check import checking
from xl_alpacaeval_metric.panels import family
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.records import run_settings
from xl_alpacaeval_metric.records.judgements import Comparison, Rating, Verdict, flat
from xl_alpacaeval_metric.records.result import Result
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import generation, pairs
from xl_alpacaeval_metric.runs.candidate import Candidate
from xl_alpacaeval_metric.runs.folder import RunFolder, comparisons_of
from xl_alpacaeval_metric.scoring import score_task
from xl_alpacaeval_metric.sequential.rules import Rule

OnEstimate = Callable[[Estimate], None]


def _ignore(_estimate: Estimate) -> None:
    pass


def evaluate_model(
    candidate: Candidate,
    benchmark: Benchmark,
    judge: Judge | None,
    output: Path,
    progress: Progress,
    rubric: Rubric | None = None,
    on_estimate: OnEstimate = _ignore,
    rule: Rule | None = None,
    judge_check: bool | None = None,
    assume_gpt4_taste: bool = False,
) -> Result:
    """Generate, judge and score one model on a benchmark, in the run folder `output`.

    An endpoint judges answers while others are generated. With a `rubric`, the judge rates the
    answers, too. `on_estimate` is called before anything is generated with what judging will take,
    assuming answers as long as the references; it may raise to stop there. With a `rule` the
    answers are judged in looks (`sequential.rules`), when all are there. The judge is checked first
    (see `judge_check.checking`), one in this process after the answers, so that it does not take
    the candidate's memory. The caller has run the judge's preflight. Raises UserError; the same
    call then continues in the folder.
    """
    settings = {
        **candidate.identity,
        "benchmark": benchmark.name,
        "revision": benchmark.revision,
        "languages": list(dict.fromkeys(row.response_language for row in benchmark.rows)),
        "rows": len(benchmark.rows),
        "references": _hash([row.reference for row in benchmark.rows]),
        **_reference_run(benchmark.references),
        **judge_settings(judge),
    }
    with RunFolder(output, settings) as folder:
        rows = [_sample(benchmark, row) for row in benchmark.rows]
        folder.write_rows(run_folder.ROWS, rows)
        expected = comparisons_of({**row, "prediction": row["reference"] or ""} for row in rows)
        task = _task(folder, expected, judge, rubric)
        check = checking.checking(judge, expected, judge_check)
        if judge is not None:
            on_estimate(_with_check(estimate(task), check))
        if check is not None and "endpoint" in check.identity:
            check.run(progress)
        if rule is None and can_stream(task):
            _drop_missing(folder, task)
            with LiveJudging(task, folder.new_answers(), folder.append) as judging:
                samples = generation.answers(folder, rows, candidate, progress, judging)
                task = judging.finish(progress)
        else:
            samples = generation.answers(folder, rows, candidate, progress)
        source = (benchmark.version, benchmark.references)
        notes = [
            *family.warnings(candidate.model, judge),
            *generation.warnings(samples, candidate.max_tokens),
        ]
        return _judge(
            folder, task.with_answers(comparisons_of(samples)), source, progress, notes, rule, check, assume_gpt4_taste
        )


def judge_pairs(
    comparisons: Sequence[Comparison],
    judge: Judge | None,
    output: Path,
    progress: Progress,
    rubric: Rubric | None = None,
    on_estimate: OnEstimate = _ignore,
    notes: Sequence[str] = (),
    references: str = "given",
    rule: Rule | None = None,
    judge_check: bool | None = None,
    assume_gpt4_taste: bool = False,
) -> Result:
    """Judge and score answers that were generated elsewhere, in the run folder `output`.

    `on_estimate` is called first, with what judging will take. `notes` become warnings of the
    result, `references` names whose answers the references are. With a `rule` the answers are
    judged in looks (`sequential.rules`). Raises UserError as `evaluate_model` does.
    """
    rows = [{key: value for key, value in flat(item).items() if value or key in pairs.COLUMNS} for item in comparisons]
    revision = _hash(rows)
    with RunFolder(
        output, {"pairs": revision, "rows": len(rows), **_reference_run(references), **judge_settings(judge)}
    ) as folder:
        folder.write_rows(run_folder.SAMPLES, rows)
        task = _task(folder, comparisons, judge, rubric)
        check = checking.checking(judge, comparisons, judge_check)
        if judge is not None:
            on_estimate(_with_check(estimate(task), check))
        return _judge(folder, task, (f"pairs@{revision}", references), progress, notes, rule, check, assume_gpt4_taste)


def default_folder(candidate: Candidate, benchmark: Benchmark, judge: Judge | None) -> Path:
    """runs/MODEL-BENCHMARK-HASH, with a hash of the settings.

    The same settings give the same folder, so that a repeated command continues.
    """
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in Path(candidate.model).name)[:60].lstrip(".")
    identity = {key: value for key, value in candidate.identity.items() if key not in run_settings.LATER_KEYS}
    against = _reference_run(benchmark.references).values()
    settings = [identity, benchmark.revision, judge.settings if judge else None, *against]
    return Path("runs") / f"{name}-{benchmark.name}-{_hash(settings)}"


def judge_settings(judge: Judge | None) -> Mapping[str, object]:
    """The settings of a run that depend on the judge."""
    if judge is None:
        return {"judge": "none"}
    return {**judge.settings, "judge_identity": dict(judge.client.identity)}


def _reference_run(references: str) -> Mapping[str, object]:
    """The setting of a run whose references are another run's answers; empty for other runs."""
    name = references.removeprefix("run ")
    return {"reference_run": name} if name != references else {}


def _sample(benchmark: Benchmark, row: Row) -> dict[str, object]:
    """The row as a line of samples.jsonl, without the prediction."""
    variant = {"prompt": benchmark.prompt(row), "design": row.subset} if benchmark.name == "context" else {}
    return {**asdict(row), "language": row.response_language, **variant}


def _task(
    folder: RunFolder, comparisons: Sequence[Comparison], judge: Judge | None, rubric: Rubric | None
) -> JudgingTask:
    """What is left to judge, given the judgements in the folder."""
    # Ratings carry the hash of their criteria, which are no setting of the folder: a finished run
    # can be rated later.
    return JudgingTask.of(
        comparisons, judge, rubric=rubric, verdicts=folder.verdicts(), ratings=folder.ratings() if rubric else ()
    )


def _judge(
    folder: RunFolder,
    task: JudgingTask,
    source: tuple[str, str],
    progress: Progress,
    notes: Sequence[str] = (),
    rule: Rule | None = None,
    check: checking.JudgeChecking | None = None,
    assume_gpt4_taste: bool = False,
) -> Result:
    found = None if check is None else check.run(progress)
    if found is not None:
        jsonl.write_json(folder.path / run_folder.CHECK, found.as_dict())
    if task.judge:
        _drop_missing(folder, task)
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
        rule=rule,
        length_control=LengthControl(checking.tastes(found), assume_gpt4_taste),
    )
    result = replace(result, warnings=(*notes, *result.warnings))
    if task.judge:
        result = checking.with_check(result, found)
    folder.write_results(result)
    return result


def _drop_missing(folder: RunFolder, task: JudgingTask) -> None:
    """Drop the verdicts without a preference, so that no question has two in the file."""
    if task.pending:
        folder.write_rows(run_folder.VERDICTS, map(flat, (*task.verdicts.values(), *task.new_verdicts)))


def _with_check(estimate: Estimate, check: checking.JudgeChecking | None) -> Estimate:
    return estimate if check is None else replace(estimate, check=check.estimate())


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


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:8]
