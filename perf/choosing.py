"""Choosing among answers and filtering translations: processor time a passage, and memory, by size.

What a job of `xl-instruct generate` does in one process over all of its passages, with drafts of
random words in the place of models' answers, a fiftieth of them near-duplicates of earlier ones:
the answers are compared with the benchmark `mini` and with each other, the best are kept, and the
translations into one language are compared and counted. Each size runs in a process of its own; of
the time, the ratio to that of the first size is what counts.

    python perf/choosing.py [--sizes 10000,100000] [--words 120]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.config.work_folder import CHOSEN, SEEDS
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.selection import answers, translations

SCORED = "score"
SELECTION = {"method": "chrf", "candidates": 1, "chosen": 0, "scores": None}


def write(job: Job, passages: int, words: int) -> None:
    """The shards of SCORED with so many drafts, and as many of SEEDS."""
    chance = np.random.default_rng(0)
    vocabulary = np.array(["".join(map(chr, 97 + chance.integers(0, 26, 3 + n % 7))) for n in range(20_000)])
    for folder in (SCORED, SEEDS):
        (job.work / folder).mkdir(parents=True)
    kept = [""] * 100
    for first in range(0, passages, job.settings.shard):
        lines = []
        for number in range(first, min(first + job.settings.shard, passages)):
            text = " ".join(vocabulary[chance.integers(0, len(vocabulary), words)])
            if number % 50 == 49:  # But for its last word, a text of some shards before.
                text = kept[number % 97].rpartition(" ")[0] + " other"
            kept[number % 97] = text
            id = f"{number:08d}"
            translation = {"text": text[::-1], "model": "openai/t", "fault": None}
            lines.append(
                json_line(
                    {
                        "text": text,
                        "id": id,
                        "metadata": {
                            "id": id,
                            "passage": text,
                            "seed": id,
                            "instruction": f"Tell of {id}.",
                            "response": text,
                            "scores": {"precision": float(chance.integers(1, 6))},
                            "candidates": {"fi": [translation]},
                            "chosen": {"fi": SELECTION},
                            "usage": {},
                        },
                    }
                )
            )
        shard = first // job.settings.shard
        job.shard(SCORED, shard).write_text("".join(lines), encoding="utf-8")
        job.shard(SEEDS, shard).touch()


def of_this(work: Path, passages: int) -> Job:
    settings = Settings("seeds.jsonl", ("fi",), "openai/t", per_language=passages, keep_best=passages * 9 // 10)
    return Job(settings, work / "out")


def measure(folder: Path, passages: int) -> None:
    """Choose and filter in this process, and print what that took."""
    job = of_this(folder, passages)
    assert job.index
    before = resource.getrusage(resource.RUSAGE_SELF)
    start, cpu = time.perf_counter(), before.ru_utime + before.ru_stime
    answers.select(job, SCORED)
    chosen = time.process_time()
    tally = translations.finish_rows(job, CHOSEN)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "choosing": chosen - cpu,
                "filtering": used.ru_utime + used.ru_stime - chosen,
                "seconds": time.perf_counter() - start,
                "peak_mb": used.ru_maxrss / 1024,
                "before_mb": before.ru_maxrss / 1024,
                "rows": sum(tally.rows.values()),
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000", metavar="N,N,...", help="passages")
    parser.add_argument("--words", type=int, default=120, help="words of an answer")
    parser.add_argument("--in", dest="folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    if options.folder:
        measure(Path(options.folder), sizes[0])
        return
    first = 0.0
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write(of_this(Path(folder), size), size, options.words)
            command = [sys.executable, __file__, "--sizes", str(size), "--in", folder]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        each = 1000 * (found["choosing"] + found["filtering"]) / size
        first = first or each
        print(
            f"{size:>9,} passages: {each:.3f} ms of processor time each ({each / first:.2f} of the first size; "
            f"choosing {1000 * found['choosing'] / size:.3f}, filtering {1000 * found['filtering'] / size:.3f}), "
            f"{found['seconds']:.0f} s, {found['peak_mb']:.0f} MB at most ({found['before_mb']:.0f} before), "
            f"{found['rows']:,} rows",
            flush=True,
        )


if __name__ == "__main__":
    main()
