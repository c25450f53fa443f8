"""Train an identifier such as `xl_alpacaeval_metric/data/lid.bin` from texts that it is given.

The file that comes with the package is of fewer texts than these (`data/lid.LICENSE`); a new one
needs the thresholds of `languages/decisions.py` to be set anew.

    python perf/identifier_training.py SOURCES --output lid.bin [--threads 1]

SOURCES is a folder with the texts that `perf/identifier_texts.py` names, with their licences. Needs
the package msgpack. With one thread the file is the same at each run with the same texts.

A line is trained on as the package reads it (`own_model.reading`), as a whole and in parts of 3
to 8 words, so that short lines and spans are known. Yoruba, Igbo and Hausa are trained on with and
without their marks, Romanian with both forms of its letters.
"""

import argparse
import random
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from perf import identifier_texts as texts
from xl_alpacaeval_metric.languages.own_model import TOGETHER, VARIETIES, reading

_LITTLE, _LEAST, _MOST = 4_000, 14_000, 20_000
"""Lines of a language: with fewer it has little text; the least and the most of the others."""
_TONES = "\u0300\u0301\u0304"
_ONE_LABEL = dict.fromkeys((*VARIETIES, "sh"), TOGETHER)
_HOOKS = str.maketrans("ɓɗƙƴ", "bdky")


def lines(folder: Path) -> list[tuple[str, str]]:
    """(label, line) for training, in random order; about as many of each language."""
    rng, found = random.Random(1), []
    for label, text in texts.everything(folder):
        label = _ONE_LABEL.get(label, label)
        line = " ".join(reading.words([text])[0])
        if not line:
            continue
        for part in _parts(label, line, rng):
            found.append((label, part))
            found += [(label, unicodedata.normalize("NFC", other)) for other in _spellings(label, part, rng)]
    return _balanced(found, rng)


def _balanced(found: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
    """About as many lines of each language, so that of near ones none is likelier beforehand.

    Languages with little text stay rare: the same few lines again and again would be learned by
    heart.
    """
    by_label: dict[str, list[str]] = {}
    for label, line in found:
        by_label.setdefault(label, []).append(line)
    kept = []
    for label, lines_of in by_label.items():
        rng.shuffle(lines_of)
        number = len(lines_of) if len(lines_of) < _LITTLE else min(max(len(lines_of), _LEAST), _MOST)
        kept += [(label, lines_of[at % len(lines_of)]) for at in range(number)]
    rng.shuffle(kept)
    return kept


def _parts(label: str, line: str, rng: random.Random) -> Iterator[str]:
    """The line and, of a longer one, two parts of it."""
    yield line
    words = line.split()
    if label in texts.UNSPACED:
        if len(line) > 16:
            start = rng.randrange(len(line) - 12)
            yield line[start : start + rng.randint(8, 16)]
    elif len(words) > 6:
        for _ in range(2):
            number = rng.randint(3, 8)
            start = rng.randrange(max(1, len(words) - number))
            yield " ".join(words[start : start + number])


def _spellings(label: str, line: str, rng: random.Random) -> Iterator[str]:
    """The line as people write it who leave marks out."""
    if label == "ro" and rng.random() < 0.3:
        yield line.replace("ș", "ş").replace("ț", "ţ")
    if label == "ha" and rng.random() < 0.3:
        yield line.translate(_HOOKS)
    if label in ("yo", "ig"):
        apart = unicodedata.normalize("NFD", line)
        if rng.random() < 0.6:
            yield "".join(character for character in apart if character not in _TONES)
        if rng.random() < 0.4:
            yield "".join(character for character in apart if not unicodedata.combining(character))


def train(found: list[tuple[str, str]], output: Path, threads: int, epochs: int, fewest: int) -> None:
    """Train a fastText model on the lines and write it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(f"__label__{label} {line}\n" for label, line in found)
        file.flush()
        model = import_module("fasttext").train_supervised(
            file.name,
            dim=16,
            minn=2,
            maxn=4,
            bucket=120_000,
            minCount=fewest,
            epoch=epochs,
            lr=0.5,
            thread=threads,
        )
    model.save_model(str(output))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=67, help="words seen more rarely have no entry of their own")
    options = parser.parse_args()
    found = lines(options.sources)
    counted = Counter(label for label, _ in found)
    print(
        f"{len(found)} lines of {len(counted)} labels:",
        ", ".join(f"{label} {n}" for label, n in sorted(counted.items())),
    )
    train(found, options.output, options.threads, options.epochs, options.min_count)
    print(f"{options.output}: {options.output.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
