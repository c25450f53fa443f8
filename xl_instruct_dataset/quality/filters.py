"""Stage 7: filters of rows. A filter returns why a row is dropped, or None to keep it.

`unscored` says which languages `wrong_language` cannot check. Near-duplicates have a module
of their own, `near_duplicates`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.languages import composition, fidelity, identify, labels, scripts, words
from xl_alpacaeval_metric.terminal import counted_of
from xl_instruct_dataset.quality import clean_reply, markdown, phrases

__all__ = [
    "Drop",
    "leaked",
    "length_ratio",
    "overlap",
    "repetition",
    "unscored",
    "untranslated",
    "weighted_length",
    "wrong_language",
]

LINES_IN_LANGUAGE, LETTERS_IN_LANGUAGE = 0.9, 0.85
"""The least shares of the lines checked, and of the letters, in the language asked for."""
_FEWEST_TITLES = 3
"""Lines of a list of titles, which is in no language; fewer may be a headline in another one."""
FOREIGN_LETTERS = 50
"""Letters of spans in other languages that are too many in a text of any length.

Of the 920 bundled texts two have such spans, of 21 letters at most. Two sentences of another
language inside a text are found in 428 of 440 draws.
"""

# Bounds of the length of a response divided by that of its source, in characters weighted by
# script. The bundled texts have ratios from 0.64 to 1.56 (4,992 pairs that say the same in 12
# languages, both ways: benchmarks mini and context, and the sample). The bounds leave half as much
# again on each side.
LEAST, MOST = 0.4, 2.5
_DENSITY = {"Hans": 0.25, "Hant": 0.25, "Hani": 0.25, "Jpan": 0.4, "Kore": 0.5}
"""Characters for one of an alphabet.

Chinese was measured on the bundled texts (0.22 to 0.31), Japanese and Korean are rules of thumb.
"""
_DENSE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
"""Characters of these scripts; Latin letters and digits among them are not weighted."""
SHORT = 40
"""A source shorter than this, in characters of an alphabet, is not checked: yes is kyllä."""

# The largest shares in the bundled texts: runs of four words 0.07, of ten characters 0.14
# (languages with spaces) and 0.01 (Chinese), lines 0.
REPEATED_RUNS, REPEATED_CHARACTERS, REPEATED_LINES = 0.25, 0.5, 0.3
RUN, RUN_OF_CHARACTERS = 4, 10
FEWEST_RUNS, FEWEST_LINES = 6, 4

_APOLOGY = 30
"""Characters of a first sentence that may be but an apology, before a refusal in the second."""
_ENDS = tuple(".!…。！।")
_A_WORD = re.compile(r"[^\W\d_]{4}")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？।])|\n+")
_NAMED = r"(?:in\s+)?{}(?:\s+(?:version|text|response|answer))?\s*+[*_]*+\s*+[:：]"
"""The English name of the language, as a label."""
_COURTESY = re.compile(
    r"\A(?:sure|certainly|of course|absolutely|okay|ok|great|understood)(?:\s*[!,.:]+\s*|\s+(?=here\b))", re.IGNORECASE
)
"""An English courtesy; an announcement in any language may follow."""
_OPENING = re.compile(r"\A[\s\"'“„«「*_#>(\[]+")


@dataclass(frozen=True, slots=True)
class Drop:
    """Why a row is dropped.

    `reason` is the category that is counted, `detail` describes this row.
    """

    reason: str
    detail: str


def unscored(code: str) -> bool:
    """Whether `wrong_language` keeps every row, since the identifier does not know the language.

    Raises UserError for an unknown code.
    """
    return not identify.supported(languages.get(code).code)


def wrong_language(response: str, code: str) -> Drop | None:
    """Drop a response that is in another language, wholly or in more than a tenth of its lines.

    Or in more than a seventh of its letters, or in FOREIGN_LETTERS: sentences and spans inside a
    line count. A line that fails for its names and titles alone does not count, so that a list of
    titles is kept.

    `code` is the BCP-47 code of the language asked for. Lines are those that language fidelity
    checks. Code is ignored; table rows count only for the whole. A response in a language that the
    identifier does not know, or one too short to tell, is kept. Raises UserError for an unknown
    code.
    """
    language = languages.get(code)
    prose = markdown.without_code(response)
    # On one line, so that a list of single words is checked, too.
    whole = " ".join(prose.split())
    # A table row holds names and figures: too little to tell the language.
    running = "\n".join(line for line in prose.split("\n") if not markdown.ROW.match(line))
    passes = fidelity.line_passes(whole, language.code)
    right = (None, 100) if len(prose.split("\n")) >= _FEWEST_TITLES else (100,)
    # By its lines a list of titles may be in the language for the words around it.
    if passes == [False] and all(
        fidelity.text_fidelity(text, language.code).fidelity not in expected
        for text, expected in ((whole, right), (prose, (100,)))
    ):
        found = identify.identify([prose])[0]
        return Drop("wrong language", f"not in {language.name} ({language.code}){f' but {found}' if found else ''}")
    # Running text of a single line has been checked as the whole.
    lines = passes if running.strip() == whole else fidelity.line_passes(running, language.code)
    inside = fidelity.text_fidelity(running, language.code)
    if sum(lines) < LINES_IN_LANGUAGE * len(lines) and inside.fidelity not in right:
        return Drop("wrong language", f"{counted_of(lines.count(False), len(lines), 'line')} not in {language.code}")
    foreign = sum(scripts.weight(running[span.start : span.end]) for span in inside.spans)
    if inside.fidelity is not None and (inside.fidelity < 100 * LETTERS_IN_LANGUAGE or foreign >= FOREIGN_LETTERS):
        others = ", ".join(dict.fromkeys(span.language for span in inside.spans))
        return Drop(
            "wrong language",
            f"{100 - inside.fidelity:.0f}% of it is not in {language.code}{f' but in {others}' if others else ''}",
        )
    return None


def untranslated(source_response: str, response: str, source: str, target: str) -> Drop | None:
    """Drop a translation that equals its source, or that is in the source's language.

    Both whatever the identifier knows of the target. `source` and `target` are BCP-47 codes. A text
    of fewer than `SHORT` letters, or a target near the source, is compared as text alone, and one
    without a word of four letters not at all. Raises UserError for an unknown code.
    """
    before, after = (markdown.without_code(text) for text in (source_response, response))
    if source == target or not _A_WORD.search(before):
        return None
    if words.tokens(before) == words.tokens(after) and len(words.tokens(before)) > 2:
        return Drop("untranslated", "equals its source")
    code, other = (languages.get(given).code.partition("-")[0] for given in (source, target))
    if len(after) < SHORT or code == other or other in labels.near(code):
        return None
    if composition.main_languages([after])[0] == code:
        return Drop("untranslated", f"in the language of its source ({code})")
    return None


def length_ratio(source_response: str, response: str, source: str, target: str) -> Drop | None:
    """Drop a response that is far shorter or longer than the one it translates (LEAST, MOST).

    Compared are characters outside of code, weighted by the density of the languages' usual
    scripts. `source` and `target` are BCP-47 codes. Raises UserError for an unknown code.
    """
    before = weighted_length(markdown.without_code(source_response), source)
    after = weighted_length(markdown.without_code(response), target)
    if before < SHORT or LEAST * before <= after <= MOST * before:
        return None
    return Drop("length ratio", f"{after / before:.2f} times as long as the source; {LEAST} to {MOST} are kept")


def weighted_length(text: str, code: str) -> float:
    """The length in characters of an alphabet; raises UserError for an unknown BCP-47 code."""
    length, density = len(text.strip()), _DENSITY.get(languages.get(code).script or "", 1.0)
    if density == 1:
        return length
    dense = len(_DENSE.findall(text))
    return dense / density + length - dense


def repetition(text: str) -> Drop | None:
    """Drop a text that repeats runs of four words (ten characters without spaces), or lines.

    Code and lines without letters, such as the rules of tables, are ignored.
    """
    lines = [" ".join(line.split()) for line in markdown.without_code(text).split("\n")]
    lines = [line for line in lines if any(character.isalpha() for character in line)]
    tokens = words.tokens("\n".join(lines))
    length = RUN if words.are_words(tokens) else RUN_OF_CHARACTERS
    runs = list(zip(*(tokens[skip:] for skip in range(length)), strict=False))
    if len(runs) >= FEWEST_RUNS and (share := _repeated(runs)) > REPEATED_RUNS:
        unit = "words" if length == RUN else "characters"
        return Drop("repetition", f"{share:.0%} of its runs of {length} {unit} are repeated")
    together = "".join(lines)
    pieces = [together[start : start + RUN_OF_CHARACTERS] for start in range(len(together) - RUN_OF_CHARACTERS + 1)]
    if len(pieces) >= 2 * RUN_OF_CHARACTERS and (share := _repeated(pieces)) > REPEATED_CHARACTERS:
        return Drop("repetition", f"{share:.0%} of its runs of {RUN_OF_CHARACTERS} characters are repeated")
    if len(lines) >= FEWEST_LINES and (share := _repeated(lines)) > REPEATED_LINES:
        return Drop("repetition", f"{share:.0%} of its lines are repeated")
    return None


def _repeated(things: Sequence[object]) -> float:
    return 1 - len(set(things)) / len(things)


def leaked(text: str, code: str | None = None) -> Drop | None:
    """Drop a response about its making (a translation, the passage, being a model), or a refusal.

    Phrases of data/leaks.yaml count at the beginning and the end; English courtesies only in texts
    of other languages; markers of a prompt or of a chat template anywhere. `code` is the language
    asked for; without it the language is identified.
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
    looks += [("refusal", announced[:300]), ("refusal", stripped[:300])]
    if len(sentences) > 1 and len(sentences[0]) < _APOLOGY and sentences[0].rstrip().endswith(_ENDS):
        looks.append(("refusal", sentences[1][:300].strip()))
    looks += [("self", part) for part in (*sentences[:1], *sentences[-1:])] + [("anywhere", text)]
    looks += [(f"english_{where}", part) for where, part in looks if where in ("begin", "end")]
    for where, part in dict.fromkeys(looks):
        for pattern in phrases.patterns()[where]:
            found = pattern.match(part) if where.endswith(("begin", "refusal")) else pattern.search(part)
            if found and not (
                where.startswith("english") and (code or identify.identify([text])[0] or "").partition("-")[0] == "en"
            ):
                reason = "refusal" if where == "refusal" else "leaked"
                return Drop(reason, f"{where.replace('_', ' ')}: {' '.join(found[0].split())[:80]!r}")
    return None


def overlap(instruction: str, response: str, index: contamination.Index) -> Drop | None:
    """Drop a row that overlaps with a benchmark's request, context or reference.

    The rule is that of `xl_alpacaeval_metric.benchmark.contamination`.
    """
    for name, text in (("instruction", instruction), ("response", response)):
        for known, coverage, shared in index.find(text):
            where = f"{known.kind} of {known.benchmark} {known.id}"
            return Drop("overlap", f"{name} has {coverage:.0%} of the {where}: {shared[:60]!r}")
    return None
