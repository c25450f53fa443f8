"""Judging the runs of a sweep, each judge opened once for all of them."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.runs import evaluate, scored
from xl_alpacaeval_metric.sweep.file import Run, Sweep
from xl_alpacaeval_metric.sweep.judging import asking
from xl_alpacaeval_metric.sweep.judging.judges import Judges
from xl_alpacaeval_metric.sweep.missing import Missing
from xl_alpacaeval_metric.terminal import counted

SECONDS_BETWEEN_LOOKS = 0.5
MOST_AT_ONCE = 16
"""Runs that endpoints are asked about at the same time; the limit of requests is one for all."""
Say = Callable[[str], None]
Faults = dict[str, str]
"""Name of a run -> why it could not be judged."""


def judge_answered(sweep: Sweep, judges: Judges, missing: Missing, progress: Progress, say: Say) -> Faults:
    """Judge and score every run that has answers and no results by these judges.

    A run that cannot be judged does not keep the others from it. Raises UserError where a judge
    cannot answer at all.
    """
    faults: Faults = {}
    for run in sweep.runs:
        held = missing.held(run, judges.of(run.benchmark), judges.rubric)
        if held.scored and not (held.judged and not held.missing):
            judges.preflight()  # Asked once, however often.
            say(f"judging {run.folder}")
            _judge(run, judges, progress, say, faults)
    return faults


def ask_endpoints(
    sweep: Sweep, judges: Judges, missing: Missing, is_over: Callable[[Run], bool], progress: Progress, say: Say
) -> Faults:
    """Ask the judges at endpoints about every run, while models answer.

    `is_over` says whether a run's answers are made. Where no judge is loaded here, a run is judged
    and scored as soon as its answers are. Raises UserError where a judge cannot answer at all.
    """
    left = [run for run in sweep.runs if not missing.held(run, judges.of(run.benchmark), judges.rubric).is_complete]
    faults: Faults = {}
    judges.preflight(endpoints_alone=True)
    all_at_endpoints = all(one.is_endpoint for one, _ in judges.clients)
    scoring = threading.Lock()  # One run at a time is scored, while others are asked about.

    def follow(run: Run) -> None:
        members = judges.at_endpoints(run.benchmark)
        with ThreadPoolExecutor(len(members)) as pool:
            asked = [pool.submit(asking.ask, run.folder, one, judges.rubric, lambda: is_over(run)) for one in members]
            count = sum(one.result() for one in asked)
        say(f"{run.folder}: {counted(count, 'new judgement')}")
        if all_at_endpoints:
            with scoring:
                held = missing.held(run, judges.of(run.benchmark), judges.rubric)
                if held.scored and not held.is_complete:
                    _judge(run, judges, progress, say, faults)

    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        followed: list[tuple[Run, Future[None]]] = []
        while left:
            over = [run for run in left if is_over(run)]  # First: what begins and ends in between is begun.
            begun = [run for run in left if asking.is_begun(run.folder)]
            followed += [(run, pool.submit(follow, run)) for run in begun]
            left = [run for run in left if run not in begun and run not in over]
            _raise_first(followed)
            if left:
                time.sleep(SECONDS_BETWEEN_LOOKS)
        for _, future in followed:
            future.result()
    return faults


def _raise_first(followed: Sequence[tuple[Run, "Future[None]"]]) -> None:
    for _, future in followed:
        if future.done():
            future.result()


def _judge(run: Run, judges: Judges, progress: Progress, say: Say, faults: Faults) -> None:
    how = scored.Judging(
        judges.of(run.benchmark),
        judges.rubric,
        judge_check=judges.judging.judge_check,
        assume_gpt4_taste=judges.judging.assume_gpt4_taste or False,
        notify=say,
    )
    try:
        result = evaluate.judge_run(run.folder, how, progress)
    except UserError as error:
        say(f"{run.name}: {error}")
        faults[run.name] = str(error)
        return
    share, judgements = result.most_missing
    if share:
        say(f"{run.folder}: {100 * share:.3g}% of the {judgements} are missing")
