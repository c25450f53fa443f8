"""A finished run's setting: its signature and its judge, read without its items."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.signature import parse
from xl_alpacaeval_metric.terminal import counted

NOT_IN_VERDICTS = (
    *("endpoint", "batch_size", "device", "max_batch_size", "gpu_memory_utilization", "tensor_parallel_size"),
    *("data_parallel_size", "swap_space", "max_num_seqs", "enforce_eager"),
)
"""Parts of a judge's identity that do not change its verdicts: where it runs, and the resources."""

_NAMED = 5
"""Runs that a line names at most."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a run was judged: its signature, its judge's identity, and the settings in run.json.

    `check` is the verdict of the judge's check: "passed", "doubtful", "no judge" or "unchecked";
    `no_judge_in` are the languages in which it found no judge, `one_order` those whose verdicts are
    all of one order of the answers. All are empty for runs of earlier versions. `n_empty` of
    `n_answers` answers are empty.
    """

    name: str
    signature: str
    judge: Mapping[str, object]
    settings: Mapping[str, object]
    check: str = ""
    no_judge_in: tuple[str, ...] = ()
    one_order: tuple[str, ...] = ()
    n_empty: int = 0
    n_answers: int = 0

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the signature."""
        return parse(self.signature)

    @property
    def judged(self) -> bool:
        return self.parts.get("judge", "none") != "none"


def read(folder: Path, *, judged: bool = True) -> Setting:
    """The setting of a run folder.

    Raises UserError where it is no run folder, is not finished, or has no judge and `judged` is
    wanted.
    """
    if not (folder / run_folder.RUN).is_file():
        raise UserError(
            f"{folder}: is no run folder (no {run_folder.RUN}); give the --output of eval or judge, a file of answers, "
            "or an output folder of lm_eval with --log_samples"
        )
    settings = jsonl.read_json(folder / run_folder.RUN).get("settings")
    if not isinstance(settings, dict):
        raise UserError(f"{folder / run_folder.RUN}: damaged, has no settings")
    if not (folder / run_folder.RESULTS).is_file():
        raise UserError(
            f"{folder}: is not finished (no {run_folder.RESULTS}); the command that made it goes on with it"
        )
    results = jsonl.read_json(folder / run_folder.RESULTS)
    n_items, n_answers = results.get("n_items"), _lines(folder / run_folder.SAMPLES)
    if isinstance(n_items, int) and n_answers > n_items:  # An earlier version was killed while the run grew.
        raise UserError(
            f"{folder}: is not finished ({run_folder.RESULTS} is of {n_items} of its {n_answers} answers); "
            "the command that made it goes on with it"
        )
    signature, sides = results.get("signature"), results.get("one_order")
    if not isinstance(signature, str):
        raise UserError(f"{folder / run_folder.RESULTS}: damaged, has no signature")
    identity = settings.get("judge_identity")
    found = Setting(
        name=str(folder),
        signature=signature,
        judge=identity if isinstance(identity, dict) else {},
        settings=settings,
        check=check_verdict(results),
        no_judge_in=languages_without_judge(results),
        one_order=tuple(map(str, sides)) if isinstance(sides, list) else (),
        n_empty=empty if isinstance(empty := results.get("n_empty"), int) else 0,
        n_answers=n_answers,
    )
    if judged and not found.judged:
        raise UserError(
            f"{folder}: was made without a judge, so it has no verdicts to compare "
            "(language fidelity: --figure line_pass_rate)"
        )
    return found


def check_verdict(results: Mapping[str, object]) -> str:
    """What the judge's check said, in results.json or one of its languages; "" without a check."""
    check = results.get("judge_check")
    return str(check.get("verdict") or "") if isinstance(check, dict) else ""


def languages_without_judge(results: Mapping[str, object]) -> tuple[str, ...]:
    """The languages of results.json in which the check found no judge."""
    by_language = results.get("by_language")
    if not isinstance(by_language, dict):
        return ()
    return tuple(code for code, of in by_language.items() if isinstance(of, dict) and check_verdict(of) == NO_JUDGE)


def differing(a: Setting, b: Setting) -> Iterator[str]:
    """The parts in which two runs asked their judges different questions, with both values."""
    mine, theirs = a.parts, b.parts
    for part in ("judge", "prompt", "order"):
        if mine.get(part) != theirs.get(part):
            yield f"{part} ({mine.get(part)} against {theirs.get(part)})"
    if mine.get("order") == theirs.get("order") != "both" and mine.get("seed") != theirs.get("seed"):
        # Another seed shows other answers first, and judges have position bias.
        yield f"order (drawn from seed {mine.get('seed')} against {theirs.get('seed')})"
    if mine.get("judge") == theirs.get("judge") and a.judge and b.judge:
        first, second = determining(a.judge), determining(b.judge)
        for part in sorted(first.keys() | second.keys()):
            if first.get(part) != second.get(part):
                yield f"judge ({part} {first.get(part)} against {second.get(part)})"


def _lines(file: Path) -> int:
    """The number of complete lines; 0 without the file."""
    if not file.is_file():
        return 0
    with file.open("rb") as opened:
        return sum(line.endswith(b"\n") for line in opened)


def in_items(what: str, unlike: Sequence[ItemKey], shared: int) -> str:
    """In what two runs differ, with the items in which they do."""
    identifier, code = unlike[0]
    return f"{what} ({len(unlike)} of {counted(shared, 'shared item')}, the first is id {identifier!r} in {code})"


def refuse(a: str, b: str, differing: list[str]) -> None:
    """Raises UserError that names the parts in which two runs differ, unless there are none."""
    if differing:
        raise UserError(f"{a} and {b} cannot be compared; they differ in {', '.join(differing)}")


def warnings(settings: Iterable[Setting]) -> list[str]:
    """Lines on runs whose judge is none or doubtful, or gave verdicts in one order only."""
    settings = list(settings)
    found = [
        f"{one.name}: the verdicts are of one order of the answers in {', '.join(one.one_order)}; "
        "they say where an answer stood as much as how good it is"
        for one in settings
        if one.one_order
    ]
    for verdict in (NO_JUDGE, "doubtful"):
        if runs := [one for one in settings if one.check == verdict]:
            found.append(f"the judge's check says: {verdict} ({_and_more(runs)}); win rates by it say little")
    by_languages: dict[tuple[str, ...], list[Setting]] = {}
    for one in settings:
        if one.no_judge_in and one.check != NO_JUDGE:
            by_languages.setdefault(one.no_judge_in, []).append(one)
    found += [
        f"the judge's check says: {NO_JUDGE} in {', '.join(codes)} ({_and_more(runs)}); win rates there say nothing"
        for codes, runs in by_languages.items()
    ]
    return found


def empty_answers(runs: Iterable[tuple[str, int, int]]) -> list[str]:
    """A line on the runs with empty answers, the most of them first; none without any.

    `runs`: name, number of empty answers, number of answers.
    """
    some = sorted((run for run in runs if run[1]), key=lambda run: -run[1])
    if not some:
        return []
    counts = [f"{n_empty} of {number} of {name}" for name, n_empty, number in some[:_NAMED]]
    more = [f"and some of {len(some) - _NAMED} more"] if len(some) > _NAMED else []
    return [f"empty answers: {', '.join([*counts, *more])}"]


def _and_more(runs: Sequence[Setting]) -> str:
    return runs[0].name + (f" and {len(runs) - 1} more" if len(runs) > 1 else "")


def determining(identity: Mapping[str, object]) -> dict[str, object]:
    """The parts of a judge's identity that its verdicts depend on, also where it is a panel's."""
    panel = identity.get("panel")
    if isinstance(panel, list):
        members = [determining(one) for one in panel if isinstance(one, dict)]
        return {f"{part} {number}": value for number, one in enumerate(members, 1) for part, value in one.items()}
    args = identity.get("args")
    parts = {**identity, **args} if isinstance(args, dict) else identity
    return {part: value for part, value in parts.items() if part not in (*NOT_IN_VERDICTS, "args")}
