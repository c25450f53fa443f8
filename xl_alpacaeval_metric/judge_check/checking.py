"""The check before a run: asked at most once, its replies kept for all later runs."""

import datetime
import os
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric import embedded, signature
from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.clients.fingerprint import request_key
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.estimate import Estimate
from xl_alpacaeval_metric.judge.estimate import estimate as estimated
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge_check.check import Controls, check_judges
from xl_alpacaeval_metric.judge_check.judged import questions
from xl_alpacaeval_metric.judge_check.references import controls_for
from xl_alpacaeval_metric.progress import Progress, silent
from xl_alpacaeval_metric.records.judge_check import UNCHECKED, JudgeCheck
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.records.result import Result, Taste

CACHE, OFF = "XL_CHECK_CACHE", "XL_JUDGE_CHECK"
"""The environment variables with the folder of the cache ("none": no cache), and that, if 0, turns
the check off."""


def wanted(given: bool | str | None = None) -> bool:
    """Whether the judge is to be checked: as given, else unless the environment turns it off."""
    asked = os.environ.get(OFF, "1") if given is None else str(given)
    return asked.strip().lower() not in ("0", "no", "off", "false")


class JudgeChecking:
    """The check of a judge, or of each judge of a panel, by these pairs. `run` asks at most once.

    Replies are kept by judge, prompt and language in the cache folder of xl-suite, those of an
    endpoint for a week: another model may stand behind its address by then. The judge's preflight
    has run.
    """

    def __init__(self, judge: Judge, controls: Controls, *, stop_early: bool = True) -> None:
        self.controls, self._stop_early = controls, stop_early
        self._asked = [_with_cache(one) for one in judge.members.values()]
        self._found: JudgeCheck | None = None

    @property
    def at_endpoints(self) -> bool:
        """Whether all judges are endpoints, which take no memory of this machine."""
        return all("endpoint" in judge.client.identity for judge, _ in self._asked)

    def estimate(self) -> Estimate:
        """What the check will take at most, without the replies that are kept."""
        found = Estimate(0, 0, 0)
        for judge, cache in self._asked if self.controls.all else ():
            one = self._estimate(judge, cache)
            found = replace(
                one,
                requests=found.requests + one.requests,
                prompt_tokens=found.prompt_tokens + one.prompt_tokens,
                completion_tokens=found.completion_tokens + one.completion_tokens,
            )
        return found

    def _estimate(self, judge: Judge, cache: CachedClient | None) -> Estimate:
        pairs = self.controls.all
        whole = estimated(JudgingTask.of([pair.comparison for pair in pairs], _both_orders(judge)))
        requests = [judge.request(*question) for question in questions(pairs, judge)]
        missing = len(set(map(request_key, requests))) if cache is None else cache.count_missing(requests)
        share = missing / whole.requests
        return replace(
            whole,
            requests=missing,
            prompt_tokens=round(share * whole.prompt_tokens),
            completion_tokens=round(share * whole.completion_tokens),
        )

    def run(self, progress: Progress = silent) -> JudgeCheck:
        """What the check finds; raises what the client's `complete` raises."""
        if self._found is None:
            judges = [judge for judge, _ in self._asked]
            self._found = check_judges(judges, self.controls, stop_early=self._stop_early, progress=progress)
            for _, cache in self._asked:
                if cache is not None:
                    cache.close_file()
        return self._found


def checking(
    judge: Judge | None, comparisons: Sequence[Comparison], given: bool | str | None = None
) -> JudgeChecking | None:
    """The check before these comparisons are judged; None without a judge and where it is off."""
    if judge is None or not wanted(given):
        return None
    return JudgeChecking(judge, controls_for([item.language for item in comparisons], comparisons))


def tastes(check: JudgeCheck | None) -> dict[str, Taste]:
    """The judge's taste for length by language, where a check measured it; at least 0.

    A judge that dislikes padding, as it should, does not show a taste for short answers by that.
    """
    return {
        code: Taste(max(0.0, found.length_taste), found.length_taste_stderr or 0.0)
        for code, found in (check.by_language if check else {}).items()
        if found.length_taste is not None
    }


def markdown_tastes(check: JudgeCheck | None) -> dict[str, Taste]:
    """The judge's taste for Markdown by language, where a check measured it."""
    return {
        code: Taste(found.markdown_taste, found.markdown_taste_stderr or 0.0)
        for code, found in (check.by_language if check else {}).items()
        if found.markdown_taste is not None
    }


def with_check(result: Result, check: JudgeCheck | None) -> Result:
    """The result with what the check of its judge found; for None, that it is unchecked."""
    summary = (lambda code: UNCHECKED) if check is None else check.summary
    result = replace(
        result,
        overall=replace(result.overall, judge_check=summary(None)),
        by_language={code: replace(of, judge_check=summary(code)) for code, of in result.by_language.items()},
        by_design={design: replace(of, judge_check=summary(None)) for design, of in result.by_design.items()},
    )
    if check is None:
        return result
    if result.panel is not None:
        judges = {
            name: replace(one, judge_check=check.judges[name].summary() if name in check.judges else UNCHECKED)
            for name, one in result.panel.by_judge.items()
        }
        result = replace(result, panel=replace(result.panel, by_judge=judges))
    return replace(
        result,
        signature=signature.with_check(result.signature, check.controls),
        warnings=(*check.warnings, *result.warnings),
    )


def cache_file(identity: Mapping[str, object]) -> Path | None:
    """The file for the replies of a judge of this identity; None where none is wanted."""
    folder = os.environ.get(CACHE, "")
    if folder.strip().lower() == "none":
        return None
    year, week, _ = datetime.date.today().isocalendar()
    name = f"judge-check-{year}-{week:02}.sqlite" if "endpoint" in identity else "judge-check.sqlite"
    return (Path(folder).expanduser() if folder else embedded.cache_folder()) / name


def _with_cache(judge: Judge) -> tuple[Judge, CachedClient | None]:
    """The judge with the cache of checks before its model, and without the Batch API."""
    asked = copy(judge)
    inner = getattr(asked.client, "inner", None)  # A batch takes up to a day.
    if inner is not None:
        asked.client = inner
    file = cache_file(asked.client.identity)
    if file is None:
        return asked, None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        asked.client = cached = CachedClient(asked.client, file, ready=True)
    except (OSError, UserError):  # A folder that cannot be written must not end a run.
        return asked, None
    return asked, cached


def _both_orders(judge: Judge) -> Judge:
    asked = copy(judge)
    asked.both_orders = True
    return asked
