"""How fast language fidelity is, compared with a bare loop over its language identifiers.

    python perf/fidelity.py [TABLE | FILE.txt --language CODE | FOLDER] [--repeats 5]

A table (JSONL, CSV, Parquet) has the columns `prediction` (or `completion`) and `language`; of a
text file each line is an answer in the language CODE; a folder has a file CODE.txt for each
language, with one native sentence a line (answers are three of them). The default is the bundled
references, each several times with its words shuffled, so that no line is repeated.

A bare loop calls an identifier once for each line of five words or more, which any such measure has
to do: fastText with lid.176, fastText with the own model, and both. Its time does not include
splitting the texts. Each run is a process of its own, with one thread, that meets each word for the
first time. Language fidelity and the bare loops take turns, language by language: what else the
machine does slows down all of them. Seconds are those of the processor.

Prints lines a second of the fastest run, and the median ratio of the runs with the lowest and the
highest. The memory is the most that a process holds which measures fidelity alone, all texts
included.
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.languages import content, identifiers
from xl_alpacaeval_metric.languages.fidelity import language_fidelity
from xl_alpacaeval_metric.runs import pairs

T = TypeVar("T")


def bundled(copies: int = 40) -> tuple[list[str], list[str]]:
    """Distinct texts and their languages."""
    rng = random.Random(0)
    texts, codes = [], []
    folder = resources.files("xl_alpacaeval_metric").joinpath("data/mini/references")
    for file in sorted(folder.iterdir(), key=lambda path: path.name):
        for row in file.read_text(encoding="utf-8").splitlines():
            for _ in range(copies):
                lines = [line.split(" ") for line in json.loads(row)["reference"].split("\n")]
                texts.append("\n".join(" ".join(rng.sample(words, len(words))) for words in lines))
                codes.append(file.name.removesuffix(".jsonl"))
    return texts, codes


def from_table(file: Path) -> tuple[list[str], list[str]]:
    texts, codes = [], []
    for where, row in tables.rows(file):
        text = row.get("prediction", row.get("completion"))
        texts.append(text if isinstance(text, str) else "")
        codes.append(pairs.language_of(row, where))
    return texts, codes


def read(path: Path, language: str | None) -> tuple[list[str], list[str]]:
    """The texts and their languages, of a table, a text file or a folder."""
    if path.is_dir():
        return from_folder(path)
    if language is None:
        return from_table(path)
    texts = [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    return texts, [languages.get(language).code] * len(texts)


def from_folder(folder: Path, number: int = 400) -> tuple[list[str], list[str]]:
    """Texts of three sentences, a sentence a line."""
    texts: list[str] = []
    codes: list[str] = []
    for file in sorted(folder.glob("*.txt")):
        lines = file.read_text(encoding="utf-8").splitlines()[:number]
        texts += ["\n".join(lines[at : at + 3]) for at in range(0, len(lines), 3)]
        codes += [languages.get(file.stem).code] * (len(texts) - len(codes))
    return texts, codes


class Run(NamedTuple):
    """Seconds of language fidelity and of two bare loops; lines looked at, and characters."""

    fidelity: float
    lid176: float
    own: float
    lines: int
    characters: int


def seconds(model: Any, lines: Sequence[str]) -> float:
    """Processor time of a bare loop."""
    start = time.process_time()
    for line in lines:
        model.predict(line + "\n", 1, 0.0, "strict")
    return time.process_time() - start


def by_language(path: Path | None, language: str | None) -> dict[str, list[str]]:
    """The texts of each language."""
    texts, codes = read(path, language) if path else bundled()
    found: dict[str, list[str]] = {}
    for text, code in zip(texts, codes, strict=True):
        found.setdefault(code, []).append(text)
    return found


def load(codes: Iterable[str]) -> None:
    """Load the models and the word lists."""
    identifiers.benchmark_label("The sun is out today.")
    identifiers.second_opinion().classify("The sun is out today.")
    for code in codes:
        language_fidelity(["The sun is out today and the children play."], [code])


def run(path: Path | None, language: str | None) -> Run:
    """Time one run."""
    given = by_language(path, language)
    load(given)
    with resources.as_file(resources.files("xl_alpacaeval_metric") / "data" / "lid.bin") as file:
        own = identifiers.load(file)
    took, of_lid176, of_own, number, characters = 0.0, 0.0, 0.0, 0, 0
    for code, texts in given.items():
        lines = [line.bare for text in texts for line in content.parts(text, code.split("-")[0]) if line.long]
        start = time.process_time()
        language_fidelity(texts, [code] * len(texts))
        took += time.process_time() - start
        of_lid176 += seconds(identifiers.benchmark(), lines)
        of_own += seconds(own, lines)
        number += len(lines)
        characters += sum(map(len, lines))
    return Run(took, of_lid176, of_own, number, characters)


def memory(path: Path | None, language: str | None) -> tuple[float, float]:
    """The megabytes with models and texts loaded, and the most."""
    given = by_language(path, language)
    texts, codes = [], []
    for code, some in given.items():
        texts += some
        codes += [code] * len(some)
    load(given)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    language_fidelity(texts, codes)
    return before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(what: Callable[..., T], *arguments: object) -> T:
    """What a function returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(what, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--language")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    given = by_language(options.path, options.language)
    texts = sum(map(len, given.values()))
    every = sum(text.count("\n") + 1 for some in given.values() for text in some)
    runs = [alone(run, options.path, options.language) for _ in range(options.repeats)]
    number = runs[0].lines
    if not number:
        parser.error("no line of five words or more in a language that the identifiers know")
    print(
        f"{texts:,} texts, {every:,} lines, {number:,} of them looked at, {runs[0].characters / number:.0f} "
        f"characters each; {len(runs)} runs"
    )
    times = {
        "bare loop, lid.176": [one.lid176 for one in runs],
        "bare loop, own model": [one.own for one in runs],
        "bare loop, both": [one.lid176 + one.own for one in runs],
        "language fidelity": [one.fidelity for one in runs],
    }
    for name, took in times.items():
        print(
            f"{name:>22}: {number / min(took):>9,.0f} lines looked at a second, {every / min(took):>9,.0f} of all lines"
        )
    took = times.pop("language fidelity")
    for name, of_loop in times.items():
        ratios = [one / other for one, other in zip(of_loop, took, strict=True)]
        print(
            f"{name:>22}: language fidelity has {median(ratios):.2f} of its speed "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
    before, most = alone(memory, options.path, options.language)
    print(f"{'memory':>22}: {before:,.0f} MB with models loaded, {most:,.0f} MB at most, {texts:,} texts included")


if __name__ == "__main__":
    main()
