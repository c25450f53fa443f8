"""How close `xl-alpacaeval eval` comes to a bare loop of `generate` over the same batches.

    python perf/answers.py [MODEL] [--batch-sizes 8,32,128] [--prompts 128] [--max-tokens 128]
                           [--repeat 4]

Both are measured at each batch size, in one run, in turn, and decode greedily. The prompts are
those of `mini` in all its languages. The bare loop has its batches tokenised, sorted and padded
before the clock starts, and only runs transformers' `generate`. The other is what the child process
of `eval` does once the model is loaded. Prints answer tokens a second for the fastest run of each,
and the ratio of `eval` to the bare loop: of these, of the runs side by side, and of the processor
time, which other work on the machine changes least; on a GPU the peak memory. MODEL is a Hub id or
a folder; the default is the offline model of `xl-alpacaeval embedded`.
"""

import argparse
import io
import os
import statistics
import time
from typing import Any

import torch

from xl_alpacaeval_metric import benchmark, embedded
from xl_alpacaeval_metric.clients.local.device import best_device
from xl_alpacaeval_metric.runs.answers import answer_worker, harness_model


def tokenised_batches(lm: Any, prompts: list[str], size: int) -> list[dict[str, Any]]:
    """Left-padded ids and masks, longest first as the harness takes them."""
    ordered = sorted(prompts, key=lambda prompt: -len(lm.tok_encode(prompt)))
    found = []
    for start in range(0, len(ordered), size):
        ids, mask = lm.tok_batch_encode(ordered[start : start + size])
        found.append({"input_ids": ids.to(lm.device), "attention_mask": mask.to(lm.device)})
    return found


def bare_loop(lm: Any, batches: list[dict[str, Any]], max_tokens: int) -> int:
    """The number of generated tokens, without those after an end of sequence."""
    made = 0
    with torch.inference_mode():
        for batch in batches:
            output = lm.model.generate(
                **batch, max_new_tokens=max_tokens, do_sample=False, pad_token_id=lm.tokenizer.pad_token_id
            )
            answers = output[:, batch["input_ids"].shape[1] :]
            made += int((answers != lm.tokenizer.pad_token_id).sum())
    return made


def through_eval(lm: Any, prompts: list[str], settings: dict[str, Any]) -> None:
    waiting: dict[str, Any] = {harness_model.prompt_key(prompt): [{"id": prompt}] for prompt in prompts}
    lm.set_cache_hook(answer_worker.AnswerHook(waiting, io.StringIO(), io.StringIO()))
    arguments = {"until": [], "do_sample": False, "max_gen_toks": settings["max_tokens"]}
    answer_worker.answer(lm, prompts, arguments, waiting)
    assert not waiting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="Hub id or folder")
    parser.add_argument("--batch-sizes", default="8,32,128")
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--repeat", type=int, default=4)
    parser.add_argument("--device", default=best_device())
    options = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # As in the child process of `eval`.
    settings: dict[str, Any] = {
        "model": options.model or str(embedded.model_folder()),
        "backend": "hf",
        "model_args": {},
        "max_tokens": options.max_tokens,
        "chat_template": True,
        "generation": {},
    }
    lm = harness_model.load(settings, {"batch_size": 1, "device": options.device, "concurrency": 1, "arguments": {}})
    rows = benchmark.load("mini", list(benchmark.MINI_LANGUAGES)).rows
    texts = [row.instruction for row in rows]
    texts = (texts * (options.prompts // len(texts) + 1))[: options.prompts]
    prompts = [harness_model.prompt_of(lm, f"{number}. {text}", settings) for number, text in enumerate(texts)]
    bare_loop(lm, tokenised_batches(lm, prompts[:2], 2), 8)  # Kernels are compiled or loaded at first use.
    for size in map(int, options.batch_sizes.split(",")):
        lm.batch_size_per_gpu = size
        batches = tokenised_batches(lm, prompts, size)
        seconds: dict[str, list[float]] = {"bare": [], "eval": []}
        processor = {"bare": 0.0, "eval": 0.0}
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        for number in range(options.repeat):
            # In turn one and the other first: other work on the machine concerns both alike.
            for name in ("bare", "eval") if number % 2 else ("eval", "bare"):
                start, used = time.perf_counter(), time.process_time()
                if name == "bare":
                    made = bare_loop(lm, batches, options.max_tokens)
                else:
                    through_eval(lm, prompts, settings)
                seconds[name].append(time.perf_counter() - start)
                processor[name] += time.process_time() - used
        bare, ours = made / min(seconds["bare"]), made / min(seconds["eval"])
        ratios = sorted(100 * b / e for b, e in zip(seconds["bare"], seconds["eval"], strict=True))
        peak = f"  {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if torch.cuda.is_available() else ""
        print(
            f"batch size {size:>4}: bare {bare:9.1f} tokens a second, eval {ours:9.1f}  "
            f"{100 * ours / bare:6.1f} % of the bare loop (pairs {ratios[0]:.1f} to {ratios[-1]:.1f}, "
            f"median {statistics.median(ratios):.1f}; processor time "
            f"{100 * processor['bare'] / processor['eval']:.1f}){peak}",
            flush=True,
        )


if __name__ == "__main__":
    main()
