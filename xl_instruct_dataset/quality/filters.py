"""Stage 7: what is wrong with a row, if anything. Each filter says why it would drop one; None keeps it.

`unscored` names what `wrong_language` cannot judge. Near-duplicates are found by `duplicates.NearDuplicates`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.languages import fidelity, identify, words
from xl_instruct_dataset.quality import clean_reply, markdown
from xl_instruct_dataset.quality.near_duplicates import NearDuplicates
from xl_instruct_dataset.stages import PACKAGE

__all__ = [
    "Drop",
    "NearDuplicates",
    "leaked",
    "length_ratio",
    "overlap",
    "repetition",
    "unscored",
    "weighed_length",
    "wrong_language",
]

LINES_IN_LANGUAGE = 0.9
"""Of the lines that can be told a language by, this share must be in the one that was asked for."""

# The ratio of the lengths, in characters, of a response and its source, each divided by its script's density. The bundled texts
# (12 languages, both ways: 4,992 pairs of the benchmark mini, of the sample and of the benchmark context, which say the same thing
# in their own words) lie between 0.64 and 1.56; half of that room is added on either side.
LEAST, MOST = 0.4, 2.5
_DENSITY = {"Hans": 0.25, "Hant": 0.25, "Hani": 0.25, "Jpan": 0.4, "Kore": 0.5}
"""Characters that a script takes for one of an alphabet: Chinese measured (0.22 to 0.31), Japanese and Korean taken from experience."""
_DENSE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
"""Their characters; letters and digits among them are as long as anywhere."""
SHORT = 40
"""A shorter source, in characters of an alphabet, says nothing by its length: yes is kyllä."""

# Shares of the bundled texts: four words at most 0.07, ten characters 0.14 (in languages with spaces) and 0.01 (Chinese), lines 0.
REPEATED_RUNS, REPEATED_CHARACTERS, REPEATED_LINES = 0.25, 0.5, 0.3
RUN, RUN_OF_CHARACTERS = 4, 10
FEWEST_RUNS, FEWEST_LINES = 6, 4

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？।])|\n+")
_NAMED = r"(?:in\s+)?{}(?:\s+(?:version|text|response|answer))?\s*[*_]*\s*[:：]"
"""The English name of the language, as a label."""
_COURTESY = re.compile(
    r"\A(?:sure|certainly|of course|absolutely|okay|ok|great|understood)(?:\s*[!,.:]+\s*|\s+(?=here\b))", re.IGNORECASE
)
"""English, before an announcement in any language."""
_OPENING = re.compile(r"\A[\s\"'“„«「*_#>(\[]+")


@dataclass(frozen=True, slots=True)
class Drop:
    """Why a row is not kept: `reason` is a few words to count by, `detail` what a reader of the rejects wants to know."""

    reason: str
    detail: str


def unscored(code: str) -> bool:
    """Whether the identifier does not know a language, so that `wrong_language` keeps every row; raises UserError for an unknown code."""
    return not identify.supported(languages.get(code).code)


def wrong_language(response: str, code: str) -> Drop | None:
    """A response that is not in the language of this BCP-47 code, as a whole or by more than a tenth of its lines.

    Lines are those that language fidelity looks at; code does not count, and rows of tables count for the whole alone. A language
    that the identifier does not know, and a text too short to tell, are kept. Raises UserError for an unknown code.
    """
    language = languages.get(code)
    prose = markdown.without_code(response)
    # On one line, so that a list of words is seen as well.
    whole = " ".join(prose.split())
    # A row is a name and figures: too little to tell a language by.
    running = "\n".join(line for line in prose.split("\n") if not markdown.ROW.match(line))
    passes = fidelity.line_passes(whole, language.code)
    if passes == [False]:
        found = identify.identify([prose])[0]
        return Drop("wrong language", f"not in {language.name} ({language.code}){f' but {found}' if found else ''}")
    # Running text of a single line is the whole, and has been looked at.
    lines = passes if running.strip() == whole else fidelity.line_passes(running, language.code)
    if sum(lines) < LINES_IN_LANGUAGE * len(lines):
        return Drop("wrong language", f"{len(lines) - sum(lines)} of {len(lines)} lines are not in {language.code}")
    return None


def length_ratio(source_response: str, response: str, source: str, target: str) -> Drop | None:
    """A response that is far shorter or longer than the one it translates; `source` and `target` are their BCP-47 codes.

    What is compared are characters outside of code, weighed by the density of the usual script; see LEAST and MOST.
    Raises UserError for an unknown code.
    """
    before = weighed_length(markdown.without_code(source_response), source)
    after = weighed_length(markdown.without_code(response), target)
    if before < SHORT or LEAST * before <= after <= MOST * before:
        return None
    return Drop("length ratio", f"{after / before:.2f} times as long as the source; {LEAST} to {MOST} are kept")


def weighed_length(text: str, code: str) -> float:
    """The length in characters of an alphabet; raises UserError for an unknown BCP-47 code."""
    length, density = len(text.strip()), _DENSITY.get(languages.get(code).script or "", 1.0)
    if density == 1:
        return length
    dense = len(_DENSE.findall(text))
    return dense / density + length - dense


def repetition(text: str) -> Drop | None:
    """A text that says the same over and over: runs of four words (ten characters in scripts without spaces), or lines.

    Code and lines without letters, such as the rules of tables, do not count.
    """
    lines = [" ".join(line.split()) for line in markdown.without_code(text).split("\n")]
    lines = [line for line in lines if any(character.isalpha() for character in line)]
    tokens = words.tokens("\n".join(lines))
    length = RUN if words.are_words(tokens) else RUN_OF_CHARACTERS
    runs = list(zip(*(tokens[skip:] for skip in range(length)), strict=False))
    if len(runs) >= FEWEST_RUNS and (share := _repeated(runs)) > REPEATED_RUNS:
        unit = "words" if length == RUN else "characters"
        return Drop("repetition", f"{share:.0%} of its runs of {length} {unit} stand there before")
    together = "".join(lines)
    pieces = [together[start : start + RUN_OF_CHARACTERS] for start in range(len(together) - RUN_OF_CHARACTERS + 1)]
    if len(pieces) >= 2 * RUN_OF_CHARACTERS and (share := _repeated(pieces)) > REPEATED_CHARACTERS:
        return Drop("repetition", f"{share:.0%} of its runs of {RUN_OF_CHARACTERS} characters stand there before")
    if len(lines) >= FEWEST_LINES and (share := _repeated(lines)) > REPEATED_LINES:
        return Drop("repetition", f"{share:.0%} of its lines stand there before")
    return None


def _repeated(things: Sequence[object]) -> float:
    return 1 - len(set(things)) / len(things)


def leaked(text: str, code: str | None = None) -> Drop | None:
    """A response that talks about how it was made: its translation, the passage, being a model (data/leaks.yaml).

    Such phrases count where they open or end it, English courtesies there in other languages' texts alone, and markers of a
    prompt or of a chat template wherever they stand. `code` is the language it is to be in; without it, that is identified.
    """
    if found := clean_reply.MARKER.search(text):
        return Drop("leaked", f"marker: {found[0]!r}")
    stripped = _OPENING.sub("", text).rstrip()
    sentences = [part for part in _SENTENCE.split(stripped) if part and part.strip()]
    ends = [stripped.rpartition("\n")[2], *sentences[-2:]]
    announced = _OPENING.sub("", _COURTESY.sub("", stripped))
    if (
        code
        and code.partition("-")[0] != "en"
        and (found := re.match(_NAMED.format(re.escape(languages.get(code).name)), stripped, re.IGNORECASE))
    ):
        return Drop("leaked", f"begin: {found[0]!r}")
    looks = [("begin", announced[:300]), ("begin", stripped[:300]), *(("end", end[-400:]) for end in ends)]
    looks += [("self", part) for part in (*sentences[:1], *sentences[-1:])] + [("anywhere", text)]
    looks += [(f"english_{where}", part) for where, part in looks if where in ("begin", "end")]
    for where, part in dict.fromkeys(looks):
        for pattern in _leaks()[where]:
            found = pattern.match(part) if where.endswith("begin") else pattern.search(part)
            if found and not (
                where.startswith("english") and (code or identify.identify([text])[0] or "").partition("-")[0] == "en"
            ):
                return Drop("leaked", f"{where.replace('_', ' ')}: {' '.join(found[0].split())[:80]!r}")
    return None


@cache
def _leaks() -> dict[str, list[re.Pattern[str]]]:
    import yaml

    listed = yaml.safe_load((resources.files(PACKAGE) / "data" / "leaks.yaml").read_text("utf-8"))
    return {
        where: [re.compile(re.sub(r" *… *", r"[^\\n]{0,60}?", pattern), re.IGNORECASE) for pattern in patterns]
        for where, patterns in listed.items()
    }


def overlap(instruction: str, response: str, index: contamination.Index) -> Drop | None:
    """A row that shares a benchmark's request, context or reference, by the rule of `contamination`."""
    for name, text in (("instruction", instruction), ("response", response)):
        for known, coverage, shared in index.find(text):
            where = f"{known.kind} of {known.benchmark} {known.id}"
            return Drop("overlap", f"{name} has {coverage:.0%} of the {where}: {shared[:60]!r}")
    return None
