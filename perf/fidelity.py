"""How fast language fidelity is, compared with a bare loop over its language identifiers.

    python perf/fidelity.py [TABLE | FILE.txt --language CODE | FOLDER] [--repeats 3]

A table (JSONL, CSV, Parquet) has the columns `prediction` (or `completion`) and `language`; of a
text file each line is an answer in the language CODE; a folder has a file CODE.txt for each
language, with one native sentence a line (answers are three of them). The default is the bundled
references, each several times with its words shuffled, so that no line is repeated.

A bare loop calls an identifier once for each line of five words or more, which any such measure has
to do: fastText with lid.176, fastText with the own model, and both. Its time does not include
splitting the texts. Prints lines a second and ratios, in processor time of one process with one
thread: of the first run, which meets each word for the first time, and of the fastest. The bare
loops are timed between the runs. The memory is the most that the process held up to the end of the
first run, all texts included; a loop of both identifiers comes after.
"""

import argparse
import json
import random
import resource
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.languages import content, identifiers
from xl_alpacaeval_metric.languages.fidelity import language_fidelity
from xl_alpacaeval_metric.runs import pairs


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


def seconds(model: Any, lines: Sequence[str]) -> float:
    """Processor time of a bare loop."""
    start = time.process_time()
    for line in lines:
        model.predict(line + "\n", 1, 0.0, "strict")
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--language")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    identifiers.second_opinion().classify("The sun is out today.")
    texts, codes = read(options.path, options.language) if options.path else bundled()
    every = sum(text.count("\n") + 1 for text in texts)
    for code in dict.fromkeys(codes):  # Loads the models and the word lists.
        language_fidelity(["The sun is out today and the children play."], [code])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    lid176 = identifiers.benchmark()
    looked_at: list[str] = []
    whole, bare = [], []
    for repeat in range(options.repeats):
        identifiers.benchmark_label.cache_clear()
        start = time.process_time()
        language_fidelity(texts, codes)
        whole.append(time.process_time() - start)
        if not repeat:
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            with resources.as_file(resources.files("xl_alpacaeval_metric") / "data" / "lid.bin") as file:
                own = identifiers.load(file)
            looked_at = [
                line.bare
                for text, code in zip(texts, codes, strict=True)
                for line in content.parts(text, code.split("-")[0])
                if line.long
            ]
        bare.append((seconds(lid176, looked_at), seconds(own, looked_at)))
    number = len(looked_at)
    print(
        f"{len(texts):,} texts, {every:,} lines, {number:,} of them looked at, {sum(map(len, looked_at)) / number:.0f}"
    )
    print(f"characters each; {options.repeats} runs")
    loops = {
        "bare loop, lid.176": min(one for one, _ in bare),
        "bare loop, own model": min(one for _, one in bare),
        "bare loop, both": min(one + other for one, other in bare),
    }
    for name, took in {**loops, "first run": whole[0], "fastest run": min(whole)}.items():
        print(f"{name:>22}: {number / took:>9,.0f} lines looked at a second, {every / took:>9,.0f} of all lines")
    for name, took in loops.items():
        print(
            f"{name:>22}: {took / whole[0]:.2f} of its speed in the first run, {took / min(whole):.2f} in the fastest"
        )
    print(f"{'memory':>22}: {memory:,.0f} MB with models loaded, {most:,.0f} MB at most, {len(texts):,} texts included")


if __name__ == "__main__":
    main()
