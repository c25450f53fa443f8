"""How close `xl-instruct train` comes to a bare loop of steps over the same batches, in one run.

    python perf/training.py [MODEL] [--steps 8] [--tokens 1024]
                            [--set batch_size=8 --set full=true ...]

The rows are answers of the sample, joined to about --tokens tokens or half of that. The bare loop
has its batches on the device before the clock starts, and only runs forward, backward and AdamW,
with the same network, adapter, checkpointing and numbers. The first step of each is not counted.
Prints tokens a second (without padding), the ratio, and on a GPU the peak memory. --set takes the
settings of docs/data/train.md. MODEL is a Hub id or a folder; the default is the offline model of
`xl-alpacaeval embedded`.
"""

import argparse
import itertools
import random
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import yaml

from xl_alpacaeval_metric import embedded
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.sources import sample
from xl_instruct_dataset.train.dataset import tokenized_examples
from xl_instruct_dataset.train.dataset.examples import Example
from xl_instruct_dataset.train.finetune import model, process, trainer
from xl_instruct_dataset.train.finetune.preflight import prepare
from xl_instruct_dataset.train.settings import resolve


def examples(count: int, length: int, tokenizer: Any) -> list[Example]:
    rng = random.Random(0)
    answers = [row.response for code in ("de", "fi", "en") for row in sample.rows(code)]
    found = []
    for number in range(count):
        wanted = length if number % 2 else length // 2
        ids: list[int] = []
        while len(ids) < wanted:
            ids += tokenizer(rng.choice(answers) + "\n\n")["input_ids"]
        turn = {"role": "user", "content": f"Task {number}."}
        found.append(Example(str(number), "made", str(number), (turn,), tokenizer.decode(ids[: wanted - 40]), "made"))
    return found


def bare_loop(network: Any, batches: list[list[dict[str, Any]]], rate: float, numbers: str, checkpoint: bool) -> float:
    """Seconds of all steps but the first."""
    if checkpoint:
        network.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        network.enable_input_require_grads()
    network.train()
    trained = [one for one in network.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=rate, fused=True)
    kind = trained[0].device.type
    ends = []
    for step in batches:
        for batch in step:
            half = torch.autocast(kind, getattr(torch, numbers)) if numbers != "float32" else nullcontext()
            with half:
                loss = network(**batch).loss / len(step)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
        ends.append(time.perf_counter())
    return ends[-1] - ends[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="Hub id or folder")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    name = options.model or str(embedded.model_folder())
    given = {key: yaml.safe_load(value) for key, _, value in (one.partition("=") for one in options.set)}
    settings = resolve(None, {"data": "sample", "held_out": 0, "max_steps": options.steps, "log_steps": 1000, **given})
    kind, _ = model.use_device(settings.device)
    numbers = model.number_type(settings.precision, kind)
    ready = prepare(name, settings, kind, 1, silent)
    rows = examples(options.steps * settings.batch_size, options.tokens, ready.tokenizer)
    fitting = tokenized_examples.fit(rows, ready.tokenizer, ready.limit, settings.too_long)
    assert len(fitting.examples) == len(rows)
    if kind == "cpu":
        process.keep_memory()
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        built = trainer.build(
            model.load(name, settings, numbers),
            ready.tokenizer,
            ready.template,
            (fitting.examples, []),
            settings,
            limit=ready.limit,
            kind=kind,
            numbers=numbers,
            processes=1,
            folder=Path(folder),
            report=lambda *_: ends.append(time.perf_counter()),
        )
        built.args.save_strategy = "no"
        device = built.args.device
        network = built.model.to(device)
        micro = [
            {key: value.to(device) for key, value in batch.items() if key in ("input_ids", "attention_mask", "labels")}
            for batch in built.get_train_dataloader()
        ]
        at_once = trainer.accumulation(settings, 1)
        steps = [micro[start : start + at_once] for start in range(0, len(micro), at_once)][: options.steps]
        counted = [sum(int(batch["attention_mask"].sum()) for batch in step) for step in steps]
        padded = sum(batch["input_ids"].numel() for batch in itertools.chain(*steps))
        print(f"{name} on {device}, {numbers}, {sum(counted):,} tokens in {len(steps)} steps, {padded:,} with padding")
        bare = sum(counted[1:]) / bare_loop(network, steps, 0.0, numbers, settings.gradient_checkpointing)
        if kind == "cuda":
            bare_peak = torch.cuda.max_memory_allocated()
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        built.train()
    ours = sum(counted[1:]) / (ends[-1] - ends[0])
    print(f"bare loop {bare:10.1f} tokens a second\ntrain     {ours:10.1f} tokens a second  {100 * ours / bare:6.1f} %")
    if kind == "cuda":
        peak = torch.cuda.max_memory_allocated()
        print(f"GPU memory at most: bare loop {bare_peak / 2**30:.1f} GiB, train {peak / 2**30:.1f} GiB")


if __name__ == "__main__":
    main()
