"""The loop: check for contamination, evaluate, fine-tune, evaluate again, compare; each step goes on where it was."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from xl_alpacaeval_metric import benchmark as benchmarks
from xl_alpacaeval_metric import contamination, languages, pairs, runfolder
from xl_alpacaeval_metric import run as runs
from xl_alpacaeval_metric.benchmark import Benchmark
from xl_alpacaeval_metric.candidate import Candidate
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import Judge
from xl_alpacaeval_metric.records import Result
from xl_alpacaeval_metric.runfolder import RunFolder
from xl_instruct_dataset.records import languages_of
from xl_instruct_dataset.train import data, effect, model, page, summary, tokens
from xl_instruct_dataset.train.examples import Example, Selected
from xl_instruct_dataset.train.progress import Progress
from xl_instruct_dataset.train.settings import Settings

TUNED, SETTINGS, RESULT, TABLE = "tuned", "train.yaml", "result.json", "result.md"
_SHOWN = 5
_LENGTH = 600
"""Characters of an answer on the page."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the loop evaluates on: benchmarks by name, languages (None: those of the data), rows a language, and how."""

    benchmarks: tuple[str, ...] = ("mini",)
    languages: tuple[str, ...] | None = None
    limit: int | None = None
    benchmark_path: Path | None = None
    reference: Path | None = None
    max_tokens: int = 1024
    eval_batch_size: str = "8"


def run(
    name: str,
    settings: Settings,
    plan: Plan,
    judge: Callable[[], Judge | None],
    output: Path,
    progress: Progress,
    fine_tune: Callable[[Path, Path], None],
    command: str,
) -> tuple[page.Page, float]:
    """Do all of it in the folder `output`; returns the page, and the largest share of missing verdicts.

    `judge` makes the judge anew for each evaluation, `fine_tune` trains by a file of settings into a folder, in a process
    of its own so that its memory is free afterwards. Raises UserError for bad input, and where training rows overlap
    with a benchmark; nothing is generated or trained then.
    """
    model.check_installed()
    base = model.named(name)
    preflight = judge()
    if preflight is not None:
        preflight.client.preflight()
    _, template = tokens.load(base, settings)
    progress("reading the data", 0, 1)
    selected = data.select(settings)
    codes = plan.languages or tuple(dict.fromkeys(languages_of(pair)[1] for pair in selected.taken if _is_pair(pair)))
    rows, notes = _benchmarks(plan, codes, preflight is not None)
    identity = {
        "model": base,
        **settings.identity,
        "data_fingerprint": selected.fingerprint,
        "benchmarks": {one.name: one.revision for one in rows},
        "max_tokens": plan.max_tokens,
        **runs.judge_settings(preflight),
    }
    _check_contamination(selected, rows, progress)
    if (output / runfolder.RUN).is_file() and not any(output.glob(f"*/{runfolder.RUN}")):
        (output / runfolder.RUN).unlink()  # Nothing was made there yet: it may be begun again with other settings.
        (output / SETTINGS).unlink(missing_ok=True)
    with RunFolder(output, identity):
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
        results = {f"base-{one.name}": _evaluate(before, one, judge, output, "base", progress) for one in rows}
        fine_tune(output / SETTINGS, output / TUNED)
        after = Candidate(
            str(output / TUNED), max_tokens=plan.max_tokens, batch_size=plan.eval_batch_size, device=settings.device
        )
        after.check()
        results |= {f"tuned-{one.name}": _evaluate(after, one, judge, output, "tuned", progress) for one in rows}
        found = _page(name, settings, rows, results, output, notes, judged=preflight is not None, command=command)
        runfolder.write_json(output / RESULT, found.as_dict())
        (output / TABLE).write_text(page.markdown(found), encoding="utf-8")
    return found, max(result.missing_share for result in results.values())


def _benchmarks(plan: Plan, codes: Sequence[str], judged: bool) -> tuple[list[Benchmark], list[str]]:
    """The benchmarks in those of the languages that they have, and a line for each that misses some."""
    found, notes = [], []
    given = pairs.read_references(plan.reference) if plan.reference else {}
    for name in dict.fromkeys(plan.benchmarks):
        has = {"mini": benchmarks.MINI_LANGUAGES, "en": ("en",), "m": languages.PAPER}.get(name, codes)
        wanted = [code for code in codes if code in has] if name != "en" else ["en"]
        if plan.benchmark_path is not None and name == "m":
            wanted = list(codes)
        if not wanted:
            raise UserError(f"benchmark {name} has none of {', '.join(codes)}; it has {', '.join(has)}")
        if name != "en" and len(wanted) < len(codes):
            notes.append(f"{name} has no {', '.join(code for code in codes if code not in wanted)}")
        one = benchmarks.load(name, wanted, limit=plan.limit, path=plan.benchmark_path, seed=0)
        if judged or given:
            one = benchmarks.with_references(one, given, plan.reference.name if plan.reference else "")
        found.append(one)
    return found, notes


def _check_contamination(selected: Selected, rows: Sequence[Benchmark], progress: Progress) -> None:
    """Raises UserError that names training rows which overlap with what is to be evaluated on."""
    index = contamination.Index(text for one in rows for text in contamination.texts(one))
    examples = list({(one.group, one.id): one for one in (*selected.train, *selected.held_out)}.values())
    found: list[contamination.Overlap] = []
    progress("checking for contamination", 0, len(examples))
    for done, example in enumerate(examples, 1):
        found += filter(None, contamination.search(index, [(example.group, _texts(example))]))
        if done % 200 == 0 or done == len(examples):
            progress("checking for contamination", done, len(examples))
    if not found:
        return
    count = len({(one.where, one.row_id) for one in found})
    shown = "; ".join(
        f"{one.where} row {one.row_id!r} with {one.text.kind} {one.text.id!r} of {one.text.benchmark}"
        for one in found[:_SHOWN]
    )
    more = "; xl-alpacaeval contamination lists all" if len(found) > _SHOWN else ""
    raise UserError(
        f"{count} training row{'s' if count > 1 else ''} overlap with the benchmark, leave them out: {shown}{more}"
    )


def _texts(example: Example) -> Mapping[str, object]:
    return {"id": example.id, "messages": [*example.prompt, {"role": "assistant", "content": example.completion}]}


def _evaluate(
    candidate: Candidate,
    rows: Benchmark,
    judge: Callable[[], Judge | None],
    output: Path,
    side: str,
    progress: Progress,
) -> Result:
    def told(step: str, done: int, total: int) -> None:
        first, _, rest = step.partition(" ")
        progress(f"{first} {f'{rest} ' if rest else ''}({side}, {rows.name})", done, total)

    return runs.evaluate_model(candidate, rows, judge(), output / f"{side}-{rows.name}", told)


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
    changes: list[effect.Change] = []
    known = list(notes)
    for one in rows:
        some, caveats = effect.changes(
            one.name, output / f"base-{one.name}", output / f"tuned-{one.name}", judged=judged
        )
        changes += some
        known += [f"{one.name}: {line}" for line in caveats]
    for side, result in results.items():
        known += [f"{side}: {line}" for line in result.warnings]
        if result.overall.n_empty:
            known.append(f"{side}: {result.overall.n_empty} of {result.overall.n_items} answers are empty")
        known += [f"{side}: missing {count}x: {reason}" for reason, count in result.missing_reasons.items()]
    trained = summary.read(output / TUNED)
    return page.Page(
        model=Path(name).name if Path(name).is_dir() else name,
        data=str(settings.data),
        tuned=str(output / TUNED),
        benchmarks={one.name: results[f"tuned-{one.name}"].signature for one in rows},
        changes=tuple(changes),
        notes=tuple(dict.fromkeys(known)),
        answers=_answers(output, rows[0].name),
        training=tuple(summary.lines(trained)),
        commands=(command,),
    )


def _answers(output: Path, benchmark: str) -> tuple[page.Answers, ...]:
    """Some answers before and after: the first prompt in the first language, the second in the second, and so on."""
    before, after = (effect.samples(output / f"{side}-{benchmark}") for side in ("base", "tuned"))
    of_language: dict[str, list[effect.Key]] = {}
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


def _is_pair(group: str) -> bool:
    try:
        languages_of(group)
    except UserError:
        return False
    return True


def training_command(name: str, config: Path, folder: Path, processes: int) -> list[str]:
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
    ]
