"""The loss while a model is trained: on the progress line, in a file and as a picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.progress import Progress

LOSS, CURVE = "loss.jsonl", "loss.png"


def watch(folder: Path, progress: Progress) -> Any:
    """A callback for transformers' Trainer that writes `loss.jsonl` and calls `progress`."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):  # type: ignore[misc]
        loss = ""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                progress("training", state.global_step, state.max_steps, f"training{self.loss}")

        def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if not state.is_world_process_zero:
                return
            rows = history(state.log_history)
            for row in rows[-1:]:
                check(row.get("loss", row.get("eval_loss", 0.0)), state.global_step, args.learning_rate)
            if rows and "loss" in rows[-1]:
                self.loss = f" at loss {rows[-1]['loss']:.3f}"
            # Rewritten each time: after a kill the history goes back to that of the checkpoint, and
            # appending would write steps twice.
            jsonl.replace_file(folder / LOSS, "".join(jsonl.json_line(row) for row in rows))

    return Watch()


def check(loss: float, step: int, rate: float) -> None:
    """Raises UserError where the training has diverged."""
    if not math.isfinite(loss):
        raise UserError(
            f"the loss is no number at step {step}; lower --learning-rate, which is {rate:g}, or give --precision "
            "float32, and a new --output where there are checkpoints already"
        )


def history(log: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """The trainer's log as rows: step, epoch, and loss with learning_rate, or eval_loss.

    eval_loss is that of the held-out rows.
    """
    keys = ("step", "epoch", "loss", "learning_rate", "eval_loss")
    found = [{key: row[key] for key in keys if key in row} for row in log if "loss" in row or "eval_loss" in row]
    # The last evaluation may be logged twice: by the steps, and at the end.
    return [row for place, row in enumerate(found) if row not in found[:place]]


def draw(rows: Sequence[Mapping[str, float]], title: str, file: Path) -> None:
    """The loss curve as a PNG: every logged step, and the loss of held-out rows if any."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for key, label, style in (("loss", "training", "-"), ("eval_loss", "held out", "o-")):
        points = [(row["step"], row[key]) for row in rows if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label, markersize=4)
    axes.set(xlabel="step", ylabel="loss a token of the answers")
    axes.set_title(title, parse_math=False)  # A folder's name may hold a $.
    axes.grid(alpha=0.3)
    if rows:
        axes.legend()
    figure.savefig(file)
