"""A fine-tuning from its settings to a folder with the model; run again, it goes on from the last checkpoint."""

import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import runfolder
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runfolder import RunFolder
from xl_alpacaeval_metric.signature import package_version
from xl_instruct_dataset.train import card, data, model, output, progress, summary, tokens, trainer
from xl_instruct_dataset.train.settings import Settings
from xl_instruct_dataset.train.summary import Summary
from xl_instruct_dataset.train.tokens import Fitting

SETTINGS = "train.yaml"
Say = Callable[[str], None]


def train(name: str, settings: Settings, folder: Path, report: progress.Progress, say: Say) -> Summary:
    """Fine-tune the model `name` into `folder`, and return what was done; what is finished is not done again.

    `say` hears lines that a person should read at once. In a launcher's processes all do this, and the first alone
    writes and speaks. Raises UserError for bad input, for a folder that holds another run (naming the setting in which
    they differ), and where memory does not suffice.
    """
    model.check_installed()
    base, processes, first = (
        model.named(name),
        int(os.environ.get("WORLD_SIZE", "1")),
        os.environ.get("RANK", "0") == "0",
    )
    if not first:
        report, say = (lambda *_: None), (lambda _: None)
    trainer.accumulation(settings, processes)
    _quiet()
    kind, unused = model.use_device(settings.device)
    tokenizer, template = tokens.load(base, settings)
    report("reading the data", 0, 1)
    selected = data.select(settings)
    limit, shortened = _limit(base, settings)
    fitting = tokens.fit(selected.train, tokenizer, limit, settings.too_long)
    held_out = tokens.fit(selected.held_out, tokenizer, limit, settings.too_long)
    if not fitting.examples:
        raise UserError(
            f"no row fits --max-length {limit} ({len(selected.train)} are longer); give more, or --too-long truncate"
        )
    notes = [
        line for line in (unused, shortened, *template.notes, *selected.notes, *_left_out(fitting, held_out)) if line
    ]
    identity = {"model": base, **settings.identity, "data_fingerprint": selected.fingerprint}
    with _opened(folder, identity) if first else nullcontext():
        if (folder / summary.FILE).exists():
            return _finished(folder, base, settings, say)
        for line in notes:
            say(line)
        if first:
            output.sweep(folder)
            (folder / SETTINGS).write_text(settings.as_yaml(base), encoding="utf-8")
        numbers = model.number_type(settings.precision, kind)
        if kind == "cpu":
            model.keep_memory()
        report(f"loading {name}", 0, 1)
        built = trainer.build(
            model.load(base, settings, numbers),
            tokenizer,
            template,
            (fitting.examples, held_out.examples),
            settings,
            limit=limit,
            kind=kind,
            numbers=numbers,
            processes=processes,
            folder=folder,
            report=report,
        )
        began = time.monotonic()
        before = _run(built, folder, settings, say)
        seconds = time.monotonic() - began
        report("saving the model", 0, 1)
        output.write(built, base, folder, merge=settings.merge)
        found = Summary(
            model=base,
            settings=asdict(settings),
            fingerprint=selected.fingerprint,
            template=template.source,
            taken={group: asdict(taken) for group, taken in selected.taken.items()},
            dropped=_added(fitting.dropped, held_out.dropped),
            truncated=_added(fitting.truncated, held_out.truncated),
            licenses=selected.licenses(),
            non_commercial=sum(one.non_commercial for one in selected.train),
            max_length=limit,
            tokens=fitting.tokens,
            steps=built.state.global_step,
            steps_before=before,
            device=_device(kind),
            numbers=numbers,
            processes=processes,
            seconds=round(seconds, 1),
            gpu_memory=_gpu_memory(kind),
            notes=tuple(notes),
            merged=settings.merge and not settings.full,
            version=package_version(),
            trl=_trl(),
            parameters=sum(one.numel() for one in built.model.parameters()),
            trained_parameters=sum(one.numel() for one in built.model.parameters() if one.requires_grad),
            loss=_at(built, "loss", -1),
            held_out_loss_before=_at(built, "eval_loss", 0),
            held_out_loss=_at(built, "eval_loss", -1),
        )
        if first:
            progress.draw(progress.history(built.state.log_history), folder.name, folder / progress.CURVE)
            (folder / "README.md").write_text(card.text(found, folder.resolve().name), encoding="utf-8")
            found.write(folder)
    return found


def _run(built: Any, folder: Path, settings: Settings, say: Say) -> int:
    """Train to the end; returns the step that it began at."""
    checkpoint = trainer.last_checkpoint(folder)
    step = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    if checkpoint:
        say(f"going on from step {step}")
        built.args.eval_on_start = False
    try:
        built.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if built.eval_dataset is not None:
            built.evaluate()
    except (RuntimeError, MemoryError) as error:
        if message := model.advice(error, settings):
            raise UserError(message) from None
        raise
    return step


def _opened(folder: Path, identity: Mapping[str, object]) -> AbstractContextManager[object]:
    """The run folder; one in which nothing was made yet may be begun again with other settings."""
    if (
        (folder / runfolder.RUN).is_file()
        and not (folder / summary.FILE).exists()
        and not trainer.last_checkpoint(folder)
    ):
        (folder / runfolder.RUN).unlink()
        for left in (SETTINGS, progress.LOSS):
            (folder / left).unlink(missing_ok=True)
        output.sweep(folder)
        shutil.rmtree(folder / trainer.CHECKPOINTS, ignore_errors=True)
    return RunFolder(folder, identity)


def _finished(folder: Path, base: str, settings: Settings, say: Say) -> Summary:
    found = summary.read(folder)
    if settings.merge and not found.merged and not settings.full:
        say("trained before; merging the adapter")
        output.merge_later(folder, base)
        found = replace(found, merged=True, settings={**found.settings, "merge": True})
        (folder / "README.md").write_text(card.text(found, folder.resolve().name), encoding="utf-8")
        found.write(folder)
    else:
        say("trained before; nothing to do")
    return found


def _limit(base: str, settings: Settings) -> tuple[int, str | None]:
    """Tokens of a sequence, at most, and a line where the model's window is what sets it."""
    from transformers import AutoConfig

    try:
        window = tokens.window(AutoConfig.from_pretrained(base))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{base}: cannot be loaded ({tokens.first_line(error)})") from None
    if window is not None and window < settings.max_length:
        return window, f"--max-length {settings.max_length} is more than the model's window: {window} is used"
    return settings.max_length, None


def _left_out(*parts: Fitting) -> list[str]:
    dropped, truncated = (
        sum(sum(counts.values()) for counts in kind)
        for kind in zip(*((p.dropped, p.truncated) for p in parts), strict=True)
    )
    lines = [f"{dropped} rows dropped: too long (--too-long truncate would keep them in part)"] if dropped else []
    return lines + ([f"{truncated} rows truncated: too long"] if truncated else [])


def _added(*counts: Mapping[str, int]) -> dict[str, int]:
    return {
        group: sum(one.get(group, 0) for one in counts) for group in dict.fromkeys(g for one in counts for g in one)
    }


def _at(built: Any, figure: str, place: int) -> float | None:
    """The first or last value of a figure in the trainer's history; None where it has none."""
    seen = [row[figure] for row in progress.history(built.state.log_history) if figure in row]
    return seen[place] if seen else None


def _device(kind: str) -> str:
    import torch

    return str(torch.cuda.get_device_name()) if kind == "cuda" else kind


def _gpu_memory(kind: str) -> int | None:
    import torch

    return int(torch.cuda.max_memory_allocated()) if kind == "cuda" else None


def _trl() -> str:
    from importlib.metadata import version

    return version("trl")


def _quiet() -> None:
    """Libraries report what went wrong, and no more."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import warnings

    import transformers

    warnings.filterwarnings("ignore", category=FutureWarning)  # They speak to the libraries' developers.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("trl").setLevel(logging.WARNING)
