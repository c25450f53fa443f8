"""Which of the three forms of answers lies at a path, and the reading of it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.runs.opened.answers import read_answers
from xl_alpacaeval_metric.runs.opened.harness import is_log, read_logs
from xl_alpacaeval_metric.runs.opened.records import Opened, with_languages
from xl_alpacaeval_metric.runs.opened.run import read_run


def check_once(paths: Sequence[Path]) -> None:
    """Raises UserError for the same path twice, however it is written."""
    seen: set[Path] = set()
    for path in paths:
        if (resolved := path.resolve()) in seen:
            raise UserError(f"{path}: is given twice; give each run once")
        seen.add(resolved)


def read(path: Path, *, languages: bool = True, mixed: bool = False, keep_thinking: bool = False) -> Opened:
    """The answers of one model: a run folder, a file of answers, an output folder of the harness.

    With `languages`, the language of each answer is identified where no file has it. With `mixed`
    the tasks of the harness may have been judged in different settings; such answers have no
    signature, and a note says so. Thoughts are taken off the answers in a file, which a note says,
    unless `keep_thinking`. Raises UserError for a folder that is none of these, a folder of
    the harness with several models, and a damaged file.
    """
    found = _read(path, mixed)
    if len(found) > 1:
        names = ", ".join(str(one.path) for one in found)
        raise UserError(f"{path}: holds the answers of {len(found)} models; give one of {names}")
    return _finished(found[0], languages, keep_thinking)


def read_all(paths: Iterable[Path], *, languages: bool = True) -> list[Opened]:
    """The answers at each path, in order; a folder of the harness may hold several models.

    Raises UserError as `read` does.
    """
    return [_finished(one, languages, False) for path in paths for one in _read(path, mixed=False)]


def _read(path: Path, mixed: bool) -> list[Opened]:
    if path.is_dir():
        if (path / run_folder.RUN).is_file():
            return [read_run(path)]
        if is_log(path):
            found = read_logs(path, mixed)
            return [replace(found[0], name=str(path))] if len(found) == 1 else found
        if (path / run_folder.SAMPLES).is_file():  # A run's answers, copied without its run.json.
            return [read_answers(path / run_folder.SAMPLES)]
        if (path / run_folder.ITEMS).is_file():
            raise UserError(f"{path}: holds figures of `fidelity` without the answers; give what it measured")
        raise UserError(
            f"{path}: holds no answers; give a run folder (the --output of eval or judge), a file of answers, "
            "or an output folder of lm_eval with --log_samples"
        )
    return [read_answers(path)]


def _finished(found: Opened, languages: bool, keep_thinking: bool) -> Opened:
    if found.kind == "answers" and not keep_thinking:
        comparisons, lines = pairs.without_thoughts(found.comparisons)
        items = [replace(item, comparison=one) for item, one in zip(found.items, comparisons, strict=True)]
        found = replace(found, items=items, notes=(*found.notes, *lines))
    return replace(found, items=with_languages(found.items)) if languages else found
