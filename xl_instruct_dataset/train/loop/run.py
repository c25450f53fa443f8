"""The loop: check for contamination, evaluate, fine-tune, evaluate again, compare.

Each step goes on where it stopped.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from xl_alpacaeval_metric.benchmark import Benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.records.result import Result
from xl_alpacaeval_metric.runs import evaluate as runs
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.answers.candidate import Candidate
from xl_alpacaeval_metric.runs.folder import RunFolder
from xl_instruct_dataset.train.finetune import model, record
from xl_instruct_dataset.train.finetune import run as training
from xl_instruct_dataset.train.finetune.preflight import prepare
from xl_instruct_dataset.train.loop import benchmarks, page
from xl_instruct_dataset.train.loop import changes as loop_changes
from xl_instruct_dataset.train.loop.benchmarks import EvalPlan
from xl_instruct_dataset.train.settings import Settings

TUNED, SETTINGS, RESULT, TABLE = "tuned", training.SETTINGS, "result.json", "result.md"
_SHOWN = 5
_LENGTH = 600
"""Characters of an answer on the page."""


def run(
    name: str,
    settings: Settings,
    plan: EvalPlan,
    open_judge: Callable[[], AbstractContextManager[Judge | None]],
    output: Path,
    progress: Progress,
    fine_tune: Callable[[Path, Path, Path], None],
    command: str,
) -> tuple[page.Page, float]:
    """Do all of it in the folder `output`.

    Returns the page of result, and the largest share of missing verdicts of an evaluation.
    `open_judge` opens a judge for each evaluation. `fine_tune` trains by a file of settings into a
    folder, with what a third file holds (see `preflight.load`), in a process of its own so that its
    memory is free afterwards. Raises UserError for bad input, for settings that the training would
    refuse, and where training rows overlap with a benchmark; nothing is generated or trained then.
    """
    if not plan.benchmarks:
        raise UserError("--benchmark is empty; give some of mini, en and m, such as mini,en")
    model.check_installed()
    with open_judge() as judge:
        if judge is not None:
            judge.client.preflight()
        judged, judge_settings = judge is not None, runs.judge_settings(judge)
    ready = prepare(name, settings, model.device_kind(settings.device), plan.processes, progress)
    base, template = ready.base, ready.template
    rows, notes = benchmarks.benchmarks_of(plan, ready.selected, judged)
    identity = {
        **ready.identity,
        "benchmarks": {one.name: one.revision for one in rows},
        "max_tokens": plan.max_tokens,
        **judge_settings,
    }
    benchmarks.check_contamination(ready.selected, rows, progress)
    of_training = ready.identity.keys() - ready.model_keys

    def may_replace(other: frozenset[str]) -> bool:
        """Whether only the training differs and has not begun: the evaluation before is valid."""
        if run_folder.names(output) <= {run_folder.RUN, SETTINGS}:
            return True
        return other <= of_training and training.untouched(output / TUNED)

    with RunFolder(output, identity, may_replace=may_replace):
        (output / SETTINGS).write_text(settings.as_yaml(base), encoding="utf-8")
        before = Candidate(
            base,
            chat_template=template.own,
            max_tokens=plan.max_tokens,
            batch_size=plan.eval_batch_size,
            device=settings.device,
        )
        if not template.own:
            notes.append(
                "the base model has no chat template: it is asked without one before, and with xl-suite's after"
            )
        before.check()
        results = {f"base-{one.name}": _evaluate(before, one, open_judge, output, "base", progress) for one in rows}
        with TemporaryDirectory(prefix="xl-prepared-") as private:
            prepared = Path(private) / "prepared.json"
            ready.save(prepared)
            fine_tune(output / SETTINGS, output / TUNED, prepared)
        after = Candidate(
            str(output / TUNED), max_tokens=plan.max_tokens, batch_size=plan.eval_batch_size, device=settings.device
        )
        after.check()
        results |= {f"tuned-{one.name}": _evaluate(after, one, open_judge, output, "tuned", progress) for one in rows}
        found = _page(name, settings, rows, results, output, notes, judged=judged, command=command)
        jsonl.write_json(output / RESULT, found.as_dict())
        (output / TABLE).write_text(page.markdown(found), encoding="utf-8")
    return found, max(result.missing_share for result in results.values())


def _evaluate(
    candidate: Candidate,
    rows: Benchmark,
    open_judge: Callable[[], AbstractContextManager[Judge | None]],
    output: Path,
    side: str,
    progress: Progress,
) -> Result:
    def told(step: str, done: int, total: int, text: str = "", /) -> None:
        run = f"({side}, {rows.name})"
        progress(f"{step} {run}", done, total, f"{text or step} {run}")

    with open_judge() as judge:
        return runs.evaluate_model(candidate, rows, judge, output / f"{side}-{rows.name}", told)


def _page(
    name: str,
    settings: Settings,
    rows: Sequence[Benchmark],
    results: Mapping[str, Result],
    output: Path,
    notes: Sequence[str],
    *,
    judged: bool,
    command: str,
) -> page.Page:
    changes: list[loop_changes.Change] = []
    known = list(notes)
    for one in rows:
        some, caveats = loop_changes.changes(
            one.name, output / f"base-{one.name}", output / f"tuned-{one.name}", judged=judged
        )
        changes += some
        known += [f"{one.name}: {line}" for line in caveats]
    for side, result in results.items():
        known += [f"{side}: {line}" for line in result.warnings]
        known += [f"{side}: missing {count}x: {reason}" for reason, count in result.missing_reasons.items()]
    trained = record.read(output / TUNED)
    return page.Page(
        model=Path(name).name if Path(name).is_dir() else name,
        data=str(settings.data),
        tuned=str(output / TUNED),
        benchmarks={one.name: results[f"tuned-{one.name}"].signature for one in rows},
        changes=tuple(loop_changes.corrected(changes)),
        notes=tuple(dict.fromkeys(known)),
        answers=_answers(output, rows[0].name),
        training=(*trained.notes, *record.lines(trained)),
        commands=(command,),
    )


def _answers(output: Path, benchmark: str) -> tuple[page.Answers, ...]:
    """Some answers before and after.

    The first prompt in the first language, the second in the second, and so on.
    """
    before, after = (loop_changes.samples(output / f"{side}-{benchmark}") for side in ("base", "tuned"))
    of_language: dict[str, list[loop_changes.Key]] = {}
    for key in before:
        of_language.setdefault(key[1], []).append(key)
    turned = [keys[place:] + keys[:place] for place, keys in enumerate(of_language.values())]
    order = [key for row in zip_longest(*turned) for key in row if key is not None]
    return tuple(
        page.Answers(key[0], key[1], before[key].instruction, _cut(before[key].prediction), _cut(after[key].prediction))
        for key in islice(order, _SHOWN)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]} [... {len(text)} characters]"


def training_command(name: str, config: Path, folder: Path, prepared: Path, processes: int) -> list[str]:
    """The command that trains in a process of its own, or with `accelerate launch` in several."""
    launcher = (
        ["-m"] if processes == 1 else ["-m", "accelerate.commands.launch", "--num_processes", str(processes), "-m"]
    )
    return [
        sys.executable,
        *launcher,
        "xl_instruct_dataset.train",
        name,
        "--config",
        str(config),
        "--output",
        str(folder),
        "--prepared",
        str(prepared),
    ]


def environment() -> dict[str, str]:
    """What the training's environment has beside this process's.

    Python takes no module from the working folder, which may hold a tokenize.py of the user's; a
    checkout that is not installed is found all the same.
    """
    checkout = Path(__file__).parents[3]
    paths = [os.environ.get("PYTHONPATH", ""), str(checkout) if (checkout / "pyproject.toml").is_file() else ""]
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
