"""A run: generate answers, judge them, score them; each step continues where it stopped."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.benchmark import Benchmark, Row, revision
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import file_names, jsonl
from xl_alpacaeval_metric.judge.judging_stream import LiveJudging, can_stream
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.panels import family
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.records import run_settings
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, flat
from xl_alpacaeval_metric.records.result import Result
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import growth, judges, opened, pairs, parts, scored
from xl_alpacaeval_metric.runs.answers import generation, warnings
from xl_alpacaeval_metric.runs.answers.candidate import Candidate
from xl_alpacaeval_metric.runs.folder import RunFolder, comparisons_of
from xl_alpacaeval_metric.runs.scored import Judging

judge_settings = judges.settings_of
_OF_FILES = ("model_fingerprint", "model_commit", "adapter_commit")
_Row = Mapping[str, Any]


def evaluate_model(
    candidate: Candidate, benchmark: Benchmark, judge: Judge | Judging | None, output: Path, progress: Progress
) -> Result:
    """Generate, judge and score one model on a benchmark, in the run folder `output`.

    The folder grows: rows that it has no answer for are generated, what this judge has not said is
    asked, and what is there already counts (`growth`, `judges`). Rows without a reference are not
    judged. An endpoint judges answers while others are generated. The judge is checked first, one
    in this process after the answers, so that it does not take the candidate's memory. Raises
    UserError; the same call then continues in the folder.
    """
    judging = judge if isinstance(judge, Judging) else Judging(judge)
    settings = {**candidate.identity, **_rows_settings(benchmark), **judge_settings(judging.judge)}
    with RunFolder(output, settings, taken_on=growth.taken_on) as folder:
        if candidate.retry_refused:
            judges.forget(folder, generation.take_out_withheld(folder))
        now = _samples(candidate, benchmark)
        before, rows = _grown(folder, now)
        _say(folder, growth.added(before, now), judging)
        benchmark = _with_rows(benchmark, rows)
        source = (benchmark.version, benchmark.references)
        expected = comparisons_of({**row, "prediction": row["reference"] or ""} for row in rows)
        task, check = scored.planned(folder, expected, judging, _without_reference(rows))
        scored.take_on(folder, judging, task, _rows_settings(benchmark), source)
        folder.write_rows(run_folder.ROWS, rows)
        if check is not None and check.at_endpoints:
            check.run(progress)
        if judging.rule is None and can_stream(task):
            scored.arrange(folder, task)
            with LiveJudging(task, folder.new_answers(), folder.append) as live:
                samples = generation.answers(folder, rows, candidate, progress, live)
                task = live.finish(progress)
        else:
            samples = generation.answers(folder, rows, candidate, progress)
        notes = [
            *family.warnings(candidate.model, judging.judge),
            *warnings.warnings(samples, candidate.max_tokens),
            *task.left_out(),
        ]
        return scored.judged(
            folder, task.with_answers(comparisons_of(samples)), judging, source, progress, notes, check
        )


def check_folder(candidate: Candidate, benchmark: Benchmark, judge: Mapping[str, object], output: Path) -> None:
    """Raises UserError where `evaluate_model` would not go on in the run folder; writes nothing.

    `judge` are the settings of a judge (`judge_settings`), as far as they are known before it is
    asked. What is not known of the model, since its files are not here, counts as unchanged.
    """
    folder = RunFolder(output, {})
    folder.check_kind()
    if not (output / run_folder.RUN).is_file():
        return
    theirs = folder.stored.get("settings")
    if not isinstance(theirs, dict):
        raise UserError(f"{output / run_folder.RUN}: damaged, has no settings; {run_settings.ANOTHER_FOLDER}")
    unknown = {key: theirs[key] for key in _OF_FILES if key in theirs}
    growth.refuse(theirs, {**unknown, **candidate.identity, **_rows_settings(benchmark), **judge}, output)
    asked = {(row.id, row.response_language): (row.instruction, row.reference) for row in benchmark.rows}
    # A line at a time; where one is another, its answer and its verdict say whether that matters.
    if any(growth.is_another(row, asked) for row in jsonl.read_lines(output / run_folder.ROWS)):
        _grown(folder, _samples(candidate, benchmark))


def judge_pairs(
    comparisons: Sequence[Comparison],
    judge: Judge | Judging | None,
    output: Path,
    progress: Progress,
    notes: Sequence[str] = (),
    references: str = "given",
    about: Mapping[str, object] | None = None,
    without: Collection[ItemKey] = (),
) -> Result:
    """Judge and score answers that were generated elsewhere, in the run folder `output`.

    The folder grows as that of `evaluate_model` does. `notes` become warnings of the result,
    `references` names whose answers the references are, `about` is what is known of the answers,
    such as their `model`. Items `without` are not judged, for want of a reference. Raises UserError
    as `evaluate_model` does.
    """
    judging = judge if isinstance(judge, Judging) else Judging(judge)
    rows: list[Mapping[str, Any]] = [
        {key: value for key, value in flat(item).items() if value or key in pairs.COLUMNS}
        | ({"reference": None} if item.key in without else {})
        for item in comparisons
    ]
    settings = {**(about or {}), "pairs": jsonl.short_hash(rows), "rows": len(rows), **_reference_run(references)}
    with RunFolder(output, {**settings, **judge_settings(judging.judge)}, taken_on=growth.taken_on) as folder:
        before, judged = folder.rows(run_folder.SAMPLES), judges.judged(folder)
        lines = growth.added(before, rows)
        rows = growth.merged(before, rows, ("instruction", "prediction"), judged, output)
        _say(folder, lines, judging)
        source = (f"pairs@{jsonl.short_hash(rows)}", references)
        task, check = scored.planned(folder, comparisons_of(rows), judging, _without_reference(rows))
        scored.take_on(folder, judging, task, {"pairs": jsonl.short_hash(rows), "rows": len(rows)}, source)
        folder.write_rows(run_folder.SAMPLES, rows)
        notes = [*notes, *task.left_out()]
        return scored.judged(folder, task, judging, source, progress, notes, check)


def judge_run(
    path: Path, judge: Judge | Judging | None, progress: Progress, given: "pairs.References | None" = None
) -> Result:
    """Judge and score the answers that are in a run folder, in that folder.

    `given` are other references, for answers that were not judged yet. Raises UserError for a
    folder without answers, and as `evaluate_model` does.
    """
    judging = judge if isinstance(judge, Judging) else Judging(judge)
    with RunFolder(path, {}, taken_on=lambda theirs, _: theirs.keys()) as folder:
        stored = folder.stored
        settings: dict[str, Any] = dict(stored["settings"])
        growth.refuse(settings, {**settings, **judge_settings(judging.judge)}, path)
        written = folder.rows(run_folder.SAMPLES)
        before = growth.in_order(written, folder.rows(run_folder.ROWS))
        rows, notes = pairs.with_references(before, given)
        growth.merged(before, rows, (), judges.judged(folder), path)
        if judging.judge is not None and len(_without_reference(rows)) == len(rows):
            raise UserError(f"{path}: its items have no references; give --reference FILE or RUN")
        benchmark, references = growth.source_of(stored, path)
        changed: dict[str, object] = {} if given is None else dict(_reference_run(given.name))
        if "references" in settings:
            changed["references"] = jsonl.short_hash([row["reference"] for row in rows])
        if "pairs" in settings:
            changed["pairs"] = jsonl.short_hash(rows)
            benchmark = f"pairs@{jsonl.short_hash(rows)}"
        source = (benchmark, given.name if given else references)
        task, check = scored.planned(folder, comparisons_of(rows), judging, _without_reference(rows))
        scored.take_on(folder, judging, task, changed, source)
        if rows != written:
            folder.write_rows(run_folder.SAMPLES, rows)
        if given is not None:
            by_key = {growth.key_of(row): row["reference"] for row in rows}
            asked = [
                {**row, "reference": by_key.get(growth.key_of(row), row.get("reference"))}
                for row in folder.rows(run_folder.ROWS)
            ]
            if asked:
                folder.write_rows(run_folder.ROWS, asked)
        notes = [
            *notes,
            *family.warnings(str(settings.get("model") or ""), judging.judge),
            *warnings.warnings(rows, int(settings.get("max_tokens") or 0)),
            *task.left_out(),
            *growth.unanswered(folder.rows(run_folder.ROWS), rows),
        ]
        return scored.judged(folder, task, judging, source, progress, notes, check)


def default_folder(candidate: Candidate, benchmark: Benchmark, judge: Judge | None, seed: int = 0) -> Path:
    """runs/MODEL-BENCHMARK-HASH, with a hash of the settings that a folder cannot take on.

    So a command with further languages or another judge goes on in the same folder. One that
    version 0.1 named by all settings is found again.
    """
    name = file_names.plain(Path(candidate.model).name, 60).lstrip(".")
    identity = {key: value for key, value in candidate.identity.items() if key not in run_settings.LATER_KEYS}
    against = _reference_run(benchmark.references).values()
    earlier = jsonl.short_hash([identity, benchmark.revision, judge.settings if judge else None, *against])
    folder = Path("runs") / f"{name}-{benchmark.name}-{earlier}"
    if (folder / run_folder.RUN).is_file():
        return folder
    return Path("runs") / f"{name}-{benchmark.name}-{jsonl.short_hash([identity, benchmark.exclusion, seed, *against])}"


def _grown(folder: RunFolder, rows: Sequence[_Row]) -> tuple[list[_Row], list[_Row]]:
    """The rows that the folder has answers to, and those together with the rows of this command."""
    answered = {growth.key_of(row) for file in parts.files(folder.path) for row in folder.rows(file.name)}
    before: list[_Row] = [row for row in folder.rows(run_folder.ROWS) if growth.key_of(row) in answered]
    return before, growth.merged(before, rows, ("instruction",), judges.judged(folder), folder.path)


def _say(folder: RunFolder, lines: Sequence[str], judging: Judging) -> None:
    for line in lines:
        judging.notify(f"{folder.path}: {line}")


def _with_rows(benchmark: Benchmark, rows: Sequence[Mapping[str, Any]]) -> Benchmark:
    """The benchmark with these lines of rows.jsonl."""
    names = [one.name for one in fields(Row)]
    found = tuple(Row(**{name: row[name] for name in names if name in row}) for row in rows)
    return replace(benchmark, rows=found, revision=revision(found))


def _rows_settings(benchmark: Benchmark) -> dict[str, object]:
    return {
        "benchmark": benchmark.name,
        "revision": benchmark.revision,
        "languages": list(dict.fromkeys(row.response_language for row in benchmark.rows)),
        "rows": len(benchmark.rows),
        "references": jsonl.short_hash([row.reference for row in benchmark.rows]),
        **_reference_run(benchmark.references),
    }


def _without_reference(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [growth.key_of(row) for row in rows if row.get("reference") is None]


def _reference_run(references: str) -> Mapping[str, object]:
    """The setting of a run whose references are another run's answers; empty for other runs."""
    return {"reference_run": references.removeprefix("run ")} if references.startswith("run ") else {}


def _samples(candidate: Candidate, benchmark: Benchmark) -> list[_Row]:
    """The rows as lines of samples.jsonl, without predictions, with the model's name."""
    model = opened.model_of({"model": candidate.model})
    return [
        {**asdict(row), "language": row.response_language, **_variant(benchmark, row), "model": model}
        for row in benchmark.rows
    ]


def _variant(benchmark: Benchmark, row: Row) -> dict[str, object]:
    return {"prompt": benchmark.prompt(row), "design": row.subset} if benchmark.name == "context" else {}
