"""How close `xl-instruct generate` comes to the ideal time at an endpoint, and its peak memory.

    python perf/generate.py [--passages 1000] [--candidates 3] [--latency 0.3] [--concurrency 64]
                            [--repeat 2]
    python perf/generate.py --memory 1000,50000

The ideal for N requests of L seconds each, C at a time, is N * L / C seconds. With one target
language and three candidates a passage takes 6 requests: an instruction, an answer, scores and the
translations. Prints, beside the ideal, the seconds of each phase and of the whole command as a
shell sees it, including Python's start, reading and filtering the passages, selection, filtering
the rows and writing Parquet. Passages and replies are synthetic; the endpoint is the tests' HTTP
server, in a process of its own.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.servers import teacher
from tests.servers.judge import Behaviour, JudgeServer

CODE = "from xl_instruct_dataset.cli import main; main()"
SENTENCES, WORDS = 9, 40
ENGLISH = (
    "The {a} of the old town kept a {b} beside the {c} for many years",
    "Nobody who saw the {a} believed that a {b} could cross the {c} in winter",
    "When the {a} came home, the {b} had already been sold for a {c}",
    "Every {a} needs a {b}, and every {b} needs somebody who mends its {c}",
    "In the morning the {a} was found under the {b} close to the {c}",
)
FINNISH = (
    "Vanhan kaupungin {a} säilytti vuosikausia esinettä nimeltä {b} paikan {c} vieressä",
    "Kukaan jonka silmiin {a} osui ei uskonut että {b} voisi talvella ylittää kohdan {c}",
    "Kun {a} tuli kotiin, oli {b} jo ehditty myydä ja hinnaksi saatiin {c}",
    "Jokainen {a} tarvitsee rinnalleen jotakin kuten {b}, ja sitä korjaa aina {c}",
    "Aamulla {a} löytyi esineen {b} alta aivan läheltä paikkaa {c}",
)
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeio"]


def text(number: int, sentences: tuple[str, ...]) -> str:
    """A text for each number; the texts of one number in two languages say the same."""
    draw = random.Random(number)
    found = []
    for _ in range(SENTENCES):
        place = draw.randrange(len(sentences))
        names = {slot: "".join(draw.choices(SYLLABLES, k=3)) for slot in "abc"}
        found.append(sentences[place].format(**names) + ".")
    return f"{' '.join(found)} ({number})"


def number_of(body: dict[str, Any], part: str) -> int:
    return int(re.findall(r"\((\d+)\)", teacher.part(body, part))[-1])


def reply(body: dict[str, Any]) -> str:
    """What a good model would say to each stage."""
    match teacher.stage_of(body):
        case "instruct":
            return f"What do people of the old town tell of its past, and of its case ({number_of(body, 'passage')})?"
        case "answer":
            return text(number_of(body, "passage"), ENGLISH)
        case "score":
            return json.dumps(teacher.SCORES)
        case "translate":
            found = text(number_of(body, "text"), FINNISH)
            # Each candidate lacks another sentence.
            sentences = found.split(". ")
            del sentences[body.get("seed", 0) // 3 % SENTENCES]
            return ". ".join(sentences)
    return "A"


@contextmanager
def served(latency: float) -> Iterator[str]:
    """The endpoint's address."""
    command = [sys.executable, __file__, "--serve", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def serve(latency: float) -> None:
    with JudgeServer(Behaviour(latency=latency, reply=reply)) as server:
        print(server.url, flush=True)
        while True:
            time.sleep(1)
            server.seen.log.clear()
            server.seen.keys.clear()


def generate(
    folder: Path, url: str, passages: int, concurrency: int, candidates: int = 1, judge: str = "openai/teacher"
) -> tuple[dict[str, float], float, int, int]:
    """Seconds by step and of the whole command, its peak memory in MB, and the rows."""
    seeds = folder / "passages.jsonl"
    with seeds.open("w", encoding="utf-8") as file:
        for number in range(passages):
            print(json.dumps({"text": text(number, ENGLISH)}), file=file)
    arguments = ["generate", "--seeds", seeds, "--targets", "fi", "--candidates", candidates]
    arguments += ["--per-language", passages, "--judge", judge]
    arguments += ["--passages", passages, "--teacher", "openai/teacher", "--concurrency", concurrency]
    arguments += [
        "--teacher-base-url",
        url,
        "--translator-base-url",
        url,
        "--judge-base-url",
        url,
        "--output",
        folder / "out",
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stdout is not None
    steps, step, since, said = {}, "seeds", start, []
    for line in process.stderr:
        said.append(line)
        name = line.partition(":")[0]
        if ": " in line and name != step:
            now = time.perf_counter()
            steps[step], step, since = now - since, name, now
    process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    whole = time.perf_counter() - start
    steps[step] = whole - (since - start)
    assert process.returncode == 0, "".join(said)
    report = json.loads((folder / "out.work" / "report.json").read_text(encoding="utf-8"))
    assert report["passages"] == passages, report["unused_passages"]
    return steps, whole, used.ru_maxrss // 1024, report["rows"].get("fi", 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=3, help="translations of each response")
    parser.add_argument("--latency", type=float, default=0.3, help="seconds")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--memory", metavar="N,N", help="peak memory at these numbers of passages, without latency")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.latency)
    sizes = [int(size) for size in options.memory.split(",")] if options.memory else [options.passages] * options.repeat
    requests = {"write": 3, "translate-1": options.candidates}
    latency = 0.0 if options.memory else options.latency
    with served(latency) as url:
        for passages in sizes:
            with tempfile.TemporaryDirectory() as folder:
                steps, whole, memory, rows = generate(
                    Path(folder), url, passages, options.concurrency, options.candidates
                )
            load = f"load {os.getloadavg()[0]:.1f}"
            if options.memory:
                print(f"{passages:>7} passages: peak {memory} MB, {whole:.1f} s, {rows} rows ({load})", flush=True)
                continue
            ideal = passages * latency / options.concurrency
            job = f"{passages} passages, {options.candidates} candidates, {latency} s latency"
            print(f"{job}, {options.concurrency} at a time, {rows} rows ({load})")
            for step, seconds in steps.items():
                least = requests.get(step, 0) * ideal
                share = f"{least:6.2f} s ideal, {least / seconds:.1%} of its rate" if least else ""
                print(f"  {step:<12} {seconds:6.2f} s  {share}")
            least = sum(requests.values()) * ideal
            print(f"  {'all':<12} {whole:6.2f} s  {least:6.2f} s ideal, {least / whole:.1%} of its rate", flush=True)


if __name__ == "__main__":
    main()
