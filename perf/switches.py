"""How well switches inside a text are found: planted spans, and false alarms on native texts.

    python perf/switches.py FOLDER... [--near sentences|parts] [--languages CODES] [--texts 40]
        [--seed 0] [--csv FILE]

Each folder has a file CODE.txt for each language, with one native sentence a line, as for
perf/identification.py. A text is three sentences of a language. Into a copy of each text a span of
another language that is not near is planted: 5 to 9 words that follow one another in one of its
sentences (10 to 16 characters of a script without spaces), every second span English.

With --near parts the spans are of near languages in which a few words are told apart, with --near
sentences they are sentences in a near language that the own model has a label for, between two
others; all three end like sentences and have no quotation.

A planted span is found where a span in another language covers half of it or more. Whatever is
reported elsewhere, in a native text or beside the planted span, is a false alarm. F1 is 2 found /
(2 found + missed + false alarms). Printed by the scripts of text and span, and by language.
"""

import argparse
import csv
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perf.identification import sentences
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import content, identify, labels
from xl_alpacaeval_metric.languages.fidelity import TextFidelity, texts_fidelity

QUOTATION_MARKS = '"“”„«»‘‚「『'
UNSPACED = frozenset((*content.UNSPACED, "yue"))


@dataclass(frozen=True, slots=True)
class Planted:
    """A text with the span of another language at `start` to `end`."""

    text: str
    start: int
    end: int
    language: str


@dataclass(slots=True)
class Count:
    """Planted spans found and missed, false alarms, and native texts with one."""

    found: int = 0
    missed: int = 0
    false: int = 0
    native: int = 0
    alarmed: int = 0

    def f1(self) -> float:
        """In percent."""
        return 100 * 2 * self.found / max(1, 2 * self.found + self.missed + self.false)


def native(code: str, lines: Sequence[str], number: int) -> list[str]:
    """Texts of three sentences each."""
    between = "" if code.split("-")[0] in UNSPACED else " "
    return [between.join(lines[at * 3 : at * 3 + 3]) for at in range(min(number, len(lines) // 3))]


def span_of(code: str, lines: Sequence[str], rng: random.Random) -> str:
    """Words, or characters, that follow one another in a sentence."""
    line = rng.choice(lines)
    if code.split("-")[0] in UNSPACED:
        length = rng.randint(10, 16)
        start = rng.randrange(max(1, len(line) - length))
        return line[start : start + length]
    words = line.split()
    length = min(len(words), rng.randint(5, 9))
    start = rng.randrange(len(words) - length + 1)
    return " ".join(words[start : start + length])


def plant(text: str, code: str, span: str, language: str, rng: random.Random) -> Planted:
    """The text with the span between two of its words, or characters."""
    places = [at + 1 for at, one in enumerate(text) if one == " "]
    if code.split("-")[0] in UNSPACED:
        places = list(range(1, len(text)))
    at = rng.choice(places)
    return Planted(f"{text[:at]}{span} {text[at:]}", at, at + len(span), language)


def is_sentence(line: str) -> bool:
    """Whether a line ends like a sentence and has no quotation."""
    return line[-1] in content.SENTENCE_ENDS and not any(mark in line for mark in QUOTATION_MARKS)


def near_sentences(code: str, data: Mapping[str, Sequence[str]], number: int, rng: random.Random) -> list[Planted]:
    """Texts of two sentences with one in a near language between them; none without such one."""
    between = "" if code.split("-")[0] in UNSPACED else " "
    others = sorted(
        other
        for other in labels.near(code) & data.keys()
        if other.split("-")[0] != code.split("-")[0] and labels.of_own_model(other) != labels.of_own_model(code)
    )
    whole = {one: [line for line in data[one] if is_sentence(line)] for one in (code, *others)}
    others = [other for other in others if whole[other]]
    found = []
    for at in range(min(number, len(whole[code]) // 2) if others else 0):
        first, last = whole[code][2 * at : 2 * at + 2]
        other = rng.choice(others)
        start, sentence = len(first + between), rng.choice(whole[other])
        text = f"{first}{between}{sentence}{between}{last}"
        found.append(Planted(text, start, start + len(sentence), other))
    return found


def measure(
    data: Mapping[str, Sequence[str]], codes: Sequence[str], number: int, seed: int, near: str | None
) -> dict[tuple[str, str], Count]:
    """Counts by the language of the text and that of the span; native texts are under ""."""
    rng, counts = random.Random(seed), defaultdict[tuple[str, str], Count](Count)
    for code in codes:
        group = labels.near(code)
        may = group - labels.alike(code) if near else data.keys() - group
        others = sorted(other for other in may & data.keys() if other.split("-")[0] != code.split("-")[0])
        texts = native(code, data[code], number)
        planted = near_sentences(code, data, number, rng) if near == "sentences" else []
        for at, text in enumerate(texts if others and near != "sentences" else ()):
            other = "en" if at % 2 and "en" in others else rng.choice(others)
            planted.append(plant(text, code, span_of(other, data[other], rng), other, rng))
        for native_text in texts_fidelity(texts, [code] * len(texts)):
            count = counts[code, ""]
            count.native, count.alarmed = count.native + 1, count.alarmed + bool(native_text.spans)
            count.false += len(native_text.spans)
        found = texts_fidelity([one.text for one in planted], [code] * len(planted))
        for one, of_text in zip(planted, found, strict=True):
            add(counts[code, one.language], one, of_text)
    return dict(counts)


def add(count: Count, planted: Planted, found: TextFidelity) -> None:
    """Count what was found of a planted span."""
    inside = [min(span.end, planted.end) - max(span.start, planted.start) for span in found.spans]
    right = 2 * sum(part for part in inside if part > 0) >= planted.end - planted.start
    count.found, count.missed = count.found + right, count.missed + (not right)
    count.false += sum(part <= 0 for part in inside)


def together(counts: Sequence[Count]) -> Count:
    """The sum of counts."""
    return Count(
        *(sum(getattr(one, name) for one in counts) for name in ("found", "missed", "false", "native", "alarmed"))
    )


def line(name: str, count: Count) -> str:
    recall = 100 * count.found / max(1, count.found + count.missed)
    alarms = f", {100 * count.alarmed / count.native:.1f}% of {count.native} native texts alarm" if count.native else ""
    return f"{name:>24}: F1 {count.f1():5.1f}, {recall:5.1f}% of {count.found + count.missed} found, {count.false} false{alarms}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--near", choices=("sentences", "parts"), help="plant those of near languages")
    parser.add_argument("--languages", help="codes of the texts, with commas; all by default")
    parser.add_argument("--texts", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    data = sentences(options.folders)
    codes = options.languages.split(",") if options.languages else [code for code in data if identify.supported(code)]
    counts = measure(data, codes, options.texts, options.seed, options.near)
    script = {code: languages.get(code).script or "" for code in data} | {"": ""}
    scripts = sorted({script[code] for code in codes})
    for own in scripts:
        for same in (True, False):
            some = [
                count
                for (code, other), count in counts.items()
                if other and script[code] == own and (script[other] == own) is same
            ]
            if some:
                print(line(f"{own} in {own}" if same else f"others in {own}", together(some)))
    for code in codes:
        print(line(code, together([count for (text, _), count in counts.items() if text == code])))
    print(line("all", together(list(counts.values()))))
    if options.csv:
        with options.csv.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("text", "span", "found", "missed", "false", "native", "alarmed"))
            for (code, other), one in counts.items():
                writer.writerow((code, other, one.found, one.missed, one.false, one.native, one.alarmed))


if __name__ == "__main__":
    main()
