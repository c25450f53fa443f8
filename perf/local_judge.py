"""How close the local judge comes to a bare loop of forward passes over the same batches.

    python perf/local_judge.py [MODEL] [--pairs 64] [--repeat 3] [--device cpu]

The pairs are the bundled references: an answer in one language compared with one in another. The
bare loop has its batches tokenised, sorted and padded before the clock starts, and only runs the
network and takes the logits of the two verdict tokens. The local judge starts from the comparisons:
it fills prompts, tokenises, batches, runs and reads verdicts. It is timed twice: computing each
prompt whole, as the loop does, and computing the prompts' shared prefix once.
MODEL is a Hub id or a folder; the default is the offline model of `xl-alpacaeval embedded`.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import torch

from xl_alpacaeval_metric import benchmark, embedded
from xl_alpacaeval_metric.clients.local import replies
from xl_alpacaeval_metric.clients.local.chat_template import encode, spellings
from xl_alpacaeval_metric.clients.local.client import BATCH_TOKENS, LocalClient
from xl_alpacaeval_metric.clients.local.device import best_device
from xl_alpacaeval_metric.clients.local.prefix_cache import shared_length
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.verdict.probability import CHOICES
from xl_alpacaeval_metric.records.judgements import Comparison


def comparisons(pairs: int) -> list[Comparison]:
    """Distinct pairs out of the `mini` references, language against language."""
    rows = {code: benchmark.load("mini", [code]).rows for code in benchmark.MINI_LANGUAGES}
    made = [
        Comparison(
            id=a.id, language=code, instruction=a.instruction, prediction=b.reference or "", reference=a.reference or ""
        )
        for other in benchmark.MINI_LANGUAGES
        for code in benchmark.MINI_LANGUAGES
        if code != other
        for a, b in zip(rows[code], rows[other], strict=True)
    ]
    return made[:: max(1, len(made) // pairs)][:pairs]


def tokenised_batches(client: LocalClient, prompts: Sequence[list[int]], device: str) -> list[tuple[Any, Any]]:
    """Padded ids and masks in the client's own order and sizes."""
    waiting, batches = sorted(prompts, key=len, reverse=True), []
    while waiting:
        rows = max(1, BATCH_TOKENS[device] // (len(waiting[0]) + 1))
        batches.append(replies.padded(client._load(), client._tokenizer, waiting[:rows]))
        waiting = waiting[rows:]
    return batches


def bare_loop(network: Any, batches: Sequence[tuple[Any, Any]], verdicts: list[int]) -> list[list[float]]:
    rows: list[list[float]] = []
    with torch.inference_mode():
        for ids, mask in batches:
            positions = (mask.cumsum(-1) - 1).clamp(min=0)
            output = network(
                input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False, logits_to_keep=1
            )
            rows += output.logits[:, -1, verdicts].float().tolist()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="Hub id or folder")
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--device", default=best_device())
    options = parser.parse_args()
    model = options.model or str(embedded.model_folder())
    clients = {
        name: LocalClient(model, device=options.device, reuse_prefix=reuse)
        for name, reuse in (("whole prompts", False), ("beginning once", True))
    }
    plain = clients["whole prompts"]
    plain.preflight()
    network = clients["beginning once"]._network = plain._load()  # One network for both, so that neither is warmer.
    tasks = Judge(plain).questions(comparisons(options.pairs))
    prompts = encode([Judge(plain).request(*task).messages for task in tasks], plain._tokenizer)
    batches = tokenised_batches(plain, prompts, network.device.type)
    verdicts = [token for choice in CHOICES for token in spellings(choice, plain._tokenizer)]
    print(
        f"{len(tasks)} pairs on {network.device}, {sum(map(len, prompts)) / len(prompts):.0f} tokens a prompt, "
        f"{shared_length(prompts)} of them common to all, in {len(batches)} batches"
    )
    for _ in range(options.repeat):
        start = time.perf_counter()
        assert len(bare_loop(network, batches, verdicts)) == len(tasks)
        bare = len(tasks) / (time.perf_counter() - start)
        print(f"{'bare loop':<16} {bare:8.2f} pairs a second")
        for name, client in clients.items():
            start = time.perf_counter()
            assert all(verdict.preference is not None for verdict in Judge(client).verdicts(tasks))
            rate = len(tasks) / (time.perf_counter() - start)
            print(f"{name:<16} {rate:8.2f} pairs a second  {100 * rate / bare:6.1f} % of the bare loop")


if __name__ == "__main__":
    main()
