"""The record of a finished training, as `training.json` holds it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.terminal import counted

FILE = "training.json"


@dataclass(frozen=True, slots=True)
class Summary:
    """Settings, counts and figures of a training; mappings of counts are rows by group.

    `taken` has available, held_out, used and repeated rows by group. `refused` are rows with a
    special token in their text, and rows of a mixed set that the chat template or the tokenizer
    does not take. Losses are in nats per token of the
    answers. `seconds` are those of the last run, `steps_before` the steps of earlier, interrupted
    ones. `gpu_memory` is the peak use in bytes, None without a GPU.
    """

    model: str
    settings: Mapping[str, object]
    fingerprint: str
    template: str
    taken: Mapping[str, Mapping[str, int]]
    dropped: Mapping[str, int]
    truncated: Mapping[str, int]
    licenses: Mapping[str, int]
    non_commercial: int
    max_length: int
    tokens: int
    steps: int
    steps_before: int
    parameters: int
    trained_parameters: int
    device: str
    numbers: str
    processes: int
    seconds: float
    gpu_memory: int | None
    loss: float | None
    held_out_loss_before: float | None
    held_out_loss: float | None
    notes: tuple[str, ...]
    merged: bool
    version: str
    trl: str
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def license(self) -> str:
        """The licence that the data passes on: the one of all rows, else all licences."""
        return " and ".join(self.licenses)

    def write(self, output: Path) -> None:
        """Write `training.json`, whole or not at all."""
        jsonl.write_json(output / FILE, asdict(self))


def read(output: Path) -> Summary:
    """The summary in a folder; raises UserError where it is damaged."""
    content: dict[str, Any] = jsonl.read_json(output / FILE)
    try:
        return Summary(**content)
    except TypeError:
        raise UserError(f"{output / FILE}: damaged, or of another version; choose another --output") from None


def lines(summary: Summary) -> list[str]:
    """The counts and figures of a training in lines, without its notes."""
    found = []
    for group, taken in summary.taken.items():
        counts = [counted(taken["used"], "row")]
        counts += [f"{taken['repeated']} of them repetitions"] if taken["repeated"] else []
        counts += [f"{taken['held_out']} held out"] if taken["held_out"] else []
        counts += [f"{summary.dropped[group]} dropped as too long"] if group in summary.dropped else []
        counts += [f"{summary.refused[group]} left out, which cannot be trained on"] if group in summary.refused else []
        counts += [f"{summary.truncated[group]} truncated"] if group in summary.truncated else []
        found.append(f"{group}: {', '.join(counts)}")
    share = 100 * summary.trained_parameters / max(1, summary.parameters)
    memory = f", {summary.gpu_memory / 2**30:.1f} GiB of GPU memory at most" if summary.gpu_memory else ""
    found.append(
        f"{counted(summary.steps, 'step')} in {summary.seconds:.0f} s on {summary.device} ({summary.numbers}){memory}; "
        f"{summary.trained_parameters:,} of {summary.parameters:,} parameters trained ({share:.2f}%)"
    )
    if summary.held_out_loss is not None and summary.held_out_loss_before is not None:
        found.append(f"loss of the held-out rows: {summary.held_out_loss_before:.3f} -> {summary.held_out_loss:.3f}")
    return found
