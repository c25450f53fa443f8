"""The judge check of a run: which references it takes, and the replies that were paid before."""

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Literal

from xl_alpacaeval_metric import benchmark, embedded, languages
from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.clients.openai_batch import BatchClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.judge.estimate import Estimate
from xl_alpacaeval_metric.judge.estimate import estimate as estimated
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge_check.check import SMALL_PROMPTS, Controls, check_judge
from xl_alpacaeval_metric.judge_check.pairs import KINDS, SMALL, ControlText, ControlTexts
from xl_alpacaeval_metric.progress import Progress, silent
from xl_alpacaeval_metric.records.judge_check import JudgeCheck
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs.pairs import identifier_of

CACHE, OFF = "XL_CHECK_CACHE", "XL_JUDGE_CHECK"
"""The environment variables with the folder of the cache ("none": no cache), and that, if 0, turns
the check off."""


def bundled(codes: Iterable[str]) -> list[ControlText]:
    """The references of the benchmark `mini` in these languages, as far as it has them."""
    wanted = [code for code in dict.fromkeys(codes) if code in benchmark.MINI_LANGUAGES]
    if not wanted:
        return []
    rows = benchmark.load("mini", wanted).rows
    return [ControlText(row.id, row.response_language, row.instruction, row.reference or "") for row in rows]


def controls_for(codes: Sequence[str], comparisons: Iterable[Comparison] = ()) -> Controls:
    """The control pairs of the small form, before a run in these languages.

    Bundled references where there are any, in other languages those of the run itself.
    """
    own = [
        ControlText(item.id, item.language, item.instruction, item.reference)
        for item in comparisons
        if item.language not in benchmark.MINI_LANGUAGES
    ]
    return Controls.of(ControlTexts([*bundled(benchmark.MINI_LANGUAGES), *own]), list(dict.fromkeys(codes)))


def controls_from(
    file: Path | None, codes: Sequence[str] | None, form: Literal["full", "small"], n: int, seed: int
) -> Controls:
    """The control pairs of `check-judge`.

    Their references are those in a file, which takes precedence, and the bundled ones. Without
    `codes` the languages are those of the file. Raises UserError for a language without references,
    and where neither a file nor languages are given.
    """
    own = read_references(file) if file is not None else []
    wanted = list(codes) if codes is not None else list(dict.fromkeys(text.language for text in own))
    if not wanted:
        raise UserError(
            f"no languages to check in; give --languages, bundled are {', '.join(benchmark.MINI_LANGUAGES)}"
        )
    texts = ControlTexts([*own, *bundled(benchmark.MINI_LANGUAGES)])
    small = form == "small"
    controls = Controls.of(texts, wanted, SMALL if small else KINDS, SMALL_PROMPTS if small else n, seed)
    for code, reason in controls.unchecked.items():
        hint = "" if file else f"; give --references FILE, bundled are {', '.join(benchmark.MINI_LANGUAGES)}"
        raise UserError(f"{code}: {file or 'bundled'}: {reason}{hint}")
    return controls


def read_references(file: Path) -> list[ControlText]:
    """The references in a file with the columns id, language, instruction and reference.

    A pairs file and a run's samples.jsonl are such files. Raises UserError that names the file, the
    row and what is wrong with it.
    """
    found = []
    requests = {text.id: text.instruction for text in bundled(["en"])}
    for where, row in tables.read_rows(file):
        values = {name: row.get(name) for name in ("language", "reference")}
        key = identifier_of(row, where)
        values["instruction"] = row.get("instruction") or requests.get(key or "")
        for name, value in values.items():
            if not isinstance(value, str) or not value.strip():
                raise UserError(
                    f'{where}: no text in "{name}"; it needs rows with id, language, instruction, reference'
                )
        try:
            code = languages.get(str(values["language"])).code
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        identity = key if key is not None else str(values["instruction"])
        found.append(ControlText(identity, code, str(values["instruction"]), str(values["reference"])))
    if not found:
        raise UserError(f"{file}: is empty; it needs rows with id, language, instruction, reference")
    return found


def wanted(given: bool | None = None) -> bool:
    """Whether the judge is to be checked: as given, else unless the environment turns it off."""
    return os.environ.get(OFF, "1").strip().lower() not in ("0", "no", "off", "false") if given is None else given


class JudgeChecking:
    """The small check of a run's judge, whose replies are kept for all later runs.

    `run` asks at most once. The replies are kept by judge, prompt and language: in the cache folder
    of xl-suite, those of an endpoint for a week, since another model may stand behind its address.
    """

    def __init__(self, judge: Judge, controls: Controls, *, stop_early: bool = True) -> None:
        self.judge, self.controls, self._stop_early = judge, controls, stop_early
        self._found: JudgeCheck | None = None

    def estimate(self) -> Estimate:
        """What the check will take at most."""
        asked = copy(self.judge)
        asked.both_orders = True
        pairs = [pair.comparison for pair in self.controls.all]
        return estimated(JudgingTask.of(pairs, asked)) if pairs else Estimate(0, 0, 0)

    def run(self, progress: Progress = silent) -> JudgeCheck:
        """What the check finds; raises what the client's `complete` raises."""
        if self._found is None:
            asked = _cached(self.judge)
            self._found = check_judge(asked, self.controls, stop_early=self._stop_early, progress=progress)
        return self._found


def checking(judge: Judge | None, comparisons: Sequence[Comparison], given: bool | None = None) -> JudgeChecking | None:
    """The check before these comparisons are judged; None without a judge and where it is off."""
    if judge is None or not wanted(given):
        return None
    return JudgeChecking(judge, controls_for([item.language for item in comparisons], comparisons))


def cache_file(identity: Mapping[str, object]) -> Path | None:
    """The file for the replies of a judge of this identity; None where none is wanted."""
    folder = os.environ.get(CACHE, "")
    if folder.strip().lower() == "none":
        return None
    year, week, _ = datetime.date.today().isocalendar()
    name = f"judge-check-{year}-{week:02}.sqlite" if "endpoint" in identity else "judge-check.sqlite"
    return (Path(folder).expanduser() if folder else embedded.cache_folder()) / name


def _cached(judge: Judge) -> Judge:
    """The judge with the cache of checks before its model, and without the Batch API."""
    asked = copy(judge)
    if isinstance(asked.client, BatchClient):
        asked.client = asked.client.inner
    file = cache_file(asked.client.identity)
    if file is None:
        return asked
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        asked.client = CachedClient(asked.client, file)
    except (OSError, UserError):  # A folder that cannot be written must not end a run.
        pass
    return asked
