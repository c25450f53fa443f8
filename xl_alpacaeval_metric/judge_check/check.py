"""The check of a judge: control pairs are judged in rounds, and the figures computed."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge_check.faults import faults
from xl_alpacaeval_metric.judge_check.findings import figures
from xl_alpacaeval_metric.judge_check.judged import JudgedPair, judge_pairs, questions, together
from xl_alpacaeval_metric.judge_check.pairs import (
    SMALL,
    WORSE,
    ControlPair,
    ControlTexts,
    Kind,
    controls_hash,
    left_out,
)
from xl_alpacaeval_metric.judge_check.stopping import without_judge
from xl_alpacaeval_metric.judge_check.taste import Tastes, measure
from xl_alpacaeval_metric.progress import Progress, silent
from xl_alpacaeval_metric.records.judge_check import FAULTY, CheckFigures, Finding, JudgeCheck
from xl_alpacaeval_metric.records.judgements import Verdict
from xl_alpacaeval_metric.terminal import counted

SMALL_PROMPTS, LEAST_PROMPTS = 10, 4
"""Prompts of the small form, and those that a language needs."""
LOOKS = (1, 2, 4, 7)
"""Prompts after which a language is left that certainly has no judge."""


@dataclass(frozen=True, slots=True)
class Controls:
    """The pairs to judge, by language; `unchecked` has the languages without, and why."""

    pairs: Mapping[str, Sequence[ControlPair]]
    unchecked: Mapping[str, str]
    kinds: Sequence[Kind]
    n: int

    @classmethod
    def of(
        cls,
        texts: ControlTexts,
        languages: Sequence[str],
        kinds: Sequence[Kind] = SMALL,
        n: int = SMALL_PROMPTS,
        seed: int = 0,
    ) -> "Controls":
        """The pairs of these kinds on `n` prompts in each language that has the references."""
        pairs, unchecked = {}, {}
        for code in languages:
            count = len(texts.prompts(code))
            if count < LEAST_PROMPTS:
                unchecked[code] = (
                    f"{counted(count, 'reference') if count else 'no references'} of a sentence or more, {LEAST_PROMPTS} are needed"
                )
            else:
                pairs[code] = texts.pairs(code, kinds, n, seed)
        return cls(pairs, unchecked, kinds, n)

    @property
    def all(self) -> list[ControlPair]:
        return [pair for of in self.pairs.values() for pair in of]

    @property
    def sha(self) -> str:
        return controls_hash(self.all)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a judge said of the pairs; in the languages `left` it was not asked them all."""

    spec: str
    prompt: str
    judged: Sequence[JudgedPair]
    verdicts: Sequence[Verdict]
    left: frozenset[str]


def check_judges(
    judges: Sequence[Judge], controls: Controls, *, stop_early: bool = True, progress: Progress = silent
) -> JudgeCheck:
    """Judge the control pairs in both orders, and say what kind of judge it is.

    The pairs are judged in rounds of prompts. With `stop_early` a language in which it is certainly
    no judge is left after a round. Several judges are a panel: the figures are those of their mean,
    and `judges` has each one's. Raises what the client's `complete` raises.
    """
    answers = [_ask(judge, controls, stop_early, progress) for judge in judges]
    if len(answers) == 1:
        return _summed_up(answers[0], controls)
    panel = _Answers(
        spec="+".join(one.spec for one in answers),
        prompt="+".join(dict.fromkeys(one.prompt for one in answers)),
        judged=together([one.judged for one in answers]),
        verdicts=[verdict for one in answers for verdict in one.verdicts],
        left=frozenset.intersection(*(one.left for one in answers)),
    )
    return replace(_summed_up(panel, controls), judges={one.spec: _summed_up(one, controls) for one in answers})


def _ask(judge: Judge, controls: Controls, stop_early: bool, progress: Progress) -> _Answers:
    total = len(questions(controls.all, judge))
    verdicts: list[Verdict] = []

    def keep(verdict: Verdict) -> None:
        verdicts.append(verdict)
        progress("checking the judge", len(verdicts), total)

    if total:
        progress("checking the judge", 0, total, f"checking {judge.client.spec} on pairs whose right verdict is known")
    judged, left = in_rounds(controls, lambda pairs: judge_pairs(pairs, judge, keep), stop_early)
    return _Answers(judge.client.spec, judge.template.sha, judged, verdicts, frozenset(left))


def in_rounds(
    controls: Controls, judge: Callable[[Sequence[ControlPair]], Sequence[JudgedPair]], stop_early: bool
) -> tuple[list[JudgedPair], set[str]]:
    """The pairs as judged, round by round, and the languages that were left after one of them."""
    judged: list[JudgedPair] = []
    left: set[str] = set()
    for chunk in _rounds(controls, stop_early):
        judged += judge([pair for pair in chunk if pair.language not in left])
        if stop_early:
            left |= without_judge(judged, list(controls.pairs))
    return judged, left


def figures_by_language(
    controls: Controls, judged: Sequence[JudgedPair], left: Collection[str], tastes: Mapping[str, Tastes]
) -> dict[str, CheckFigures]:
    """The figures of each language; one that was left has no judge, whatever a few pairs give."""
    found = {}
    for code in controls.pairs:
        of = figures([one for one in judged if one.pair.language == code], tastes.get(code))
        if code in left and of.verdict != "no judge":
            of = replace(of, verdict="no judge", reason=f"decides hardly any of {counted(of.n + of.n_missing, 'pair')}")
        found[code] = of
    return found


def _rounds(controls: Controls, stop_early: bool) -> list[list[ControlPair]]:
    """The pairs of the first prompts, of the next ones, ...; in the last, the other kinds."""
    bounds = [0, *LOOKS, 10**9] if stop_early else [0, 10**9]
    found: list[list[ControlPair]] = [[] for _ in bounds[1:]]
    for of in controls.pairs.values():
        number = {key: index for index, key in enumerate(dict.fromkeys(pair.id for pair in of))}
        for pair in of:
            look = sum(number[pair.id] >= bound for bound in bounds[1:])
            found[look if pair.kind in WORSE else -1].append(pair)
    return [chunk for chunk in found if chunk]


def _summed_up(answers: _Answers, controls: Controls) -> JudgeCheck:
    judged, verdicts = answers.judged, answers.verdicts
    taste, tastes = measure(judged)
    by_language = figures_by_language(controls, judged, answers.left, tastes)
    found = faults(judged, frozenset(code for code, of in by_language.items() if of.verdict == "no judge"))
    faulty = {code for fault in found for code in fault.languages}
    by_language = {code: _not_passed(of, FAULTY) if code in faulty else of for code, of in by_language.items()}
    overall = figures(judged, taste)
    none = [code for code, of in by_language.items() if of.verdict == "no judge"]
    if none:
        overall = _not_passed(overall, f"is none in {', '.join(none)}")
    if found:
        overall = _not_passed(overall, FAULTY)
    return JudgeCheck(
        overall=overall,
        by_language=by_language,
        faults=tuple(fault.line(len(by_language)) for fault in found),
        judge=answers.spec,
        prompt=answers.prompt,
        controls=controls.sha,
        n_verdicts=len(verdicts),
        n_verdicts_missing=sum(verdict.preference is None for verdict in verdicts),
        requests=sum(not verdict.cached for verdict in verdicts),
        cached=sum(verdict.cached for verdict in verdicts),
        unchecked=controls.unchecked,
        missing_reasons=dict(Counter(v.reason or "" for v in verdicts if v.preference is None).most_common(5)),
        notes=tuple(_notes(controls, answers.left)),
    )


def _not_passed(found: CheckFigures, reason: str) -> CheckFigures:
    doubtful: Finding = "doubtful"
    return replace(found, verdict=doubtful, reason=reason) if found.verdict == "passed" else found


def _notes(controls: Controls, left: Collection[str]) -> list[str]:
    lines = [
        f"{', '.join(codes)}: no text for the kind {kind}, which is left out"
        for kind, codes in left_out(controls.pairs, controls.kinds).items()
        if not (kind == "half_english" and codes == ["en"])
    ]
    counts = {code: len({pair.id for pair in of}) for code, of in controls.pairs.items()}
    lines += [
        f"{code}: {counted(count, 'prompt has', 'prompts have')} references"
        for code, count in counts.items()
        if count < controls.n
    ]
    if left:
        lines.append(f"{', '.join(sorted(left))}: certainly no judge after few pairs; the others were not asked")
    return lines
