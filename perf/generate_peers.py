"""`xl-instruct generate` compared with distilabel on two stages: an instruction, then a response.

    pip install 'distilabel[openai]==1.5.3'               (in an environment of its own)
    python perf/generate_peers.py --distilabel /path/to/that/python [--passages 1000]
                                  [--latency 0.3] [--concurrency 64]

Both get the same passages and prompts from the same server, and are timed as whole commands from
Python's start: ours until every response is on disk, which includes checking passages and
responses; distilabel until it has its rows. Its two steps run at the same time, each on a batch of
`input_batch_size`, whose slowest request it waits for. It is run twice: with half the concurrency
for each step, and with the whole for each, which puts twice as many requests in flight as ours.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from perf import generate
from xl_instruct_dataset.stages import answer, instruct

CHILD = """
import json, sys
from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

job = json.load(open(sys.argv[1]))

def llm(tokens):
    return OpenAILLM(model="teacher", base_url=job["url"], api_key="none", timeout=120,
                     generation_kwargs={"max_new_tokens": tokens, "temperature": 0.7})

def step(name, tokens, columns, output):
    return TextGeneration(name=name, llm=llm(tokens), columns=columns, input_batch_size=job["batch"],
                          system_prompt=job[name]["system"], template=job[name]["user"],
                          output_mappings={"generation": output, "model_name": name + "_model"})

if __name__ == "__main__":
    with Pipeline(name="two-stages", cache_dir=job["folder"]) as pipeline:
        load = LoadDataFromDicts(data=job["rows"], batch_size=job["batch"])
        load >> step("instruct", 256, ["passage"], "instruction") >> step("answer", 1024, ["passage", "instruction"], "response")
    rows = pipeline.run(use_cache=False)["default"]["train"]
    assert len(rows) == len(job["rows"]) and all(rows["response"]), "not every row was answered"
"""


def template(messages: Any) -> dict[str, str]:
    return {message["role"]: message["content"] for message in messages}


def distilabel(python: str, url: str, passages: int, batch: int, folder: Path) -> float:
    """Seconds of the whole command; raises where it fails."""
    job = {
        "url": url,
        "batch": batch,
        "folder": str(folder / "cache"),
        "rows": [{"passage": generate.text(number, generate.ENGLISH)} for number in range(passages)],
        "instruct": template(instruct.messages("{{ passage }}", "en")),
        "answer": template(answer.messages("{{ passage }}", "{{ instruction }}", "en")),
    }
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "child.py").write_text(CHILD)
    start = time.perf_counter()
    done = subprocess.run(
        [python, str(folder / "child.py"), str(folder / "job.json")], capture_output=True, text=True, cwd=folder
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"distilabel failed:\n{(done.stderr or done.stdout)[-3000:]}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distilabel", required=True, metavar="PYTHON", help="the interpreter that has distilabel")
    parser.add_argument("--passages", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.3, help="seconds")
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    ideal = 2 * options.passages * options.latency / options.concurrency
    with generate.served(options.latency) as url:
        with tempfile.TemporaryDirectory() as folder:
            # With a judge of its own, so that scoring is a phase of its own.
            steps, _, _, _ = generate.generate(
                Path(folder), url, options.passages, options.concurrency, judge="openai/judge"
            )
        ours = steps["seeds"] + steps["write"]
        print(f"{options.passages} passages, two stages, {options.latency} s latency: {ideal:.2f} s ideal")
        print(f"  xl-instruct generate      {ours:6.2f} s  {ours / ideal:.2f} x ideal", flush=True)
        for batch in (options.concurrency // 2, options.concurrency):
            with tempfile.TemporaryDirectory() as folder:
                theirs = distilabel(options.distilabel, url, options.passages, batch, Path(folder))
            name = f"distilabel, 2 x {batch} at a time"
            print(f"  {name:<25} {theirs:6.2f} s  {theirs / ours:.2f} x ours", flush=True)


if __name__ == "__main__":
    main()
