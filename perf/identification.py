"""How well languages are recognised: a table by language, on sentences that it is given.

    python perf/identification.py FOLDER... [--also FOLDER...] [--csv FILE] [--markdown FILE]

Each folder has a file CODE.txt for each language, with one native sentence a line. Sentences of
fewer than eight words (twenty characters in scripts without spaces) are left out. Of the folders,
the first that has a language gives its sentences; those of `no`, `sh` and `zh` are of all forms.
The languages of `--also` are measured, too, but not tried for others: texts of another kind, such
as short posts.

For every language: the percentage of its sentences that are recognised, and that of the sentences
of the other language that is let through most often, among those that are not near and among those
that are (`languages/labels.py`). The package's table, `data/identification.csv`, is
written by this script from the sentences that docs/understand/fidelity.md names.
"""

import argparse
import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import content, evidence, identify, labels

FEWEST_WORDS, FEWEST_CHARACTERS = 8, 20
EITHER = {"no": ("nb", "nn"), "sh": ("bs", "hr", "sr-Latn"), "zh": ("zh-Hans", "zh-Hant")}
"""Codes that stand for any of some forms, and are measured on sentences of all."""


def sentences(folders: Iterable[Path]) -> dict[str, list[str]]:
    """Language code -> its long enough sentences."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.txt")):
            code = languages.get(file.stem).code
            if code not in found:
                found[code] = [line for line in file.read_text(encoding="utf-8").splitlines() if _long(line, code)]
    return {code: texts for code, texts in found.items() if texts}


def _long(line: str, code: str) -> bool:
    if code.split("-")[0] in {*content.UNSPACED, "yue"}:
        return len(line) >= FEWEST_CHARACTERS
    return len(line.split()) >= FEWEST_WORDS


def measure(code: str, data: Mapping[str, Sequence[str]], number: int, others: int) -> evidence.Evidence:
    """The evidence for one language."""
    script, own = languages.get(code).script, data[code][:number]
    worst = {True: ("", 0.0), False: ("", 0.0)}
    for other, texts in data.items():
        if other == code or {code, other} <= {"zh", "zh-Hans"} or (code == "zh" and other == "zh-Hant"):
            continue
        some = texts[:others]
        accepted = 100 * sum(identify.matches(some, code, script)) / len(some)
        near = other in labels.near(code)
        if accepted > worst[near][1]:
            worst[near] = (other, accepted)
    recognised = 100 * sum(identify.matches(own, code, script)) / len(own)
    return evidence.Evidence(code, len(own), recognised, *worst[False], *worst[True])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--also", nargs="+", type=Path, default=[])
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--others", type=int, default=100)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    data = sentences(options.folders)
    table = [
        measure(code, data, options.sentences, options.others) for code in sorted(data) if identify.supported(code)
    ]
    table += [
        measure(code, {**data, code: texts}, options.sentences, options.others)
        for code, texts in sentences(options.also).items()
        if code not in data and identify.supported(code)
    ]
    for code, forms in EITHER.items():
        if code not in data and data.keys() >= set(forms):
            either = [line for each in zip(*(data[form] for form in forms), strict=False) for line in each]
            rest = {name: lines for name, lines in data.items() if name not in forms}
            table.append(measure(code, {**rest, code: either}, options.sentences, options.others))
    table.sort(key=lambda row: row.code)
    print(f"{sum(row.passes for row in table)} of {len(table)} languages reach the bar; not supported:", end=" ")
    print(", ".join(code for code in sorted(data) if not identify.supported(code)) or "none")
    for row in table:
        if not row.passes:
            print(row)
    if options.csv:
        with options.csv.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("code", "n", "recognised", "other", "other_accepted", "near", "near_accepted"))
            for row in table:
                figures = (row.recognised, row.other, row.other_accepted, row.near, row.near_accepted)
                writer.writerow(
                    (row.code, row.n, *(f"{part:.1f}" if isinstance(part, float) else part for part in figures))
                )
    if options.markdown:
        options.markdown.write_text(markdown(table), encoding="utf-8")


def markdown(table: Sequence[evidence.Evidence]) -> str:
    """The table for the docs."""
    rows = [
        "| language | recognised % | other language let through % | near language let through % | |",
        "|---|---|---|---|---|",
    ]
    for row in table:
        other, near = (
            f"{100 if share == 100 else round(share, 1):g} ({code})" if code else "0"
            for code, share in ((row.other, row.other_accepted), (row.near, row.near_accepted))
        )
        name = f"{languages.get(row.code).name} `{row.code}`"
        rows.append(f"| {name} | {row.recognised:.1f} | {other} | {near} | {'' if row.passes else 'doubtful'} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
