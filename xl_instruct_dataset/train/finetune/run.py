"""A fine-tuning, from its settings to a folder with the model.

Run again, it goes on from the last checkpoint.
"""

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import Notify, Progress, silent
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.folder import RunFolder
from xl_alpacaeval_metric.signature import package_version
from xl_instruct_dataset.train.finetune import (
    card,
    checkpoints,
    failures,
    generation_config,
    loss_log,
    model,
    preflight,
    process,
    record,
    save,
    trainer,
)
from xl_instruct_dataset.train.finetune.record import Summary
from xl_instruct_dataset.train.settings import Settings

SETTINGS = "train.yaml"
_EARLY = {run_folder.RUN, SETTINGS, loss_log.LOSS, checkpoints.FOLDER}


@model.visible_gpus_kept()
def train(
    name: str,
    settings: Settings,
    folder: Path,
    report: Progress,
    notify: Notify,
    prepared: Path | None = None,
) -> Summary:
    """Fine-tune the model `name` into `folder`; a finished training is not done again.

    `notify` is told lines that the user should read at once. `prepared` is a file that holds what
    the loop has prepared by these settings (see `preflight.load`). The processes of a launcher all
    call this with the same arguments; only the first writes and reports. Raises UserError for bad
    input, for a folder that holds another run (naming the setting in which they differ), and where
    memory does not suffice.
    """
    model.check_installed()
    processes, first = int(os.environ.get("WORLD_SIZE", "1")), process.is_first()
    if not first:
        report, notify = silent, lambda _: None
    kind, unused = model.use_device(settings.device)
    ready = (
        preflight.load(prepared, settings) if prepared else preflight.prepare(name, settings, kind, processes, report)
    )
    base, notes = ready.base, [*([unused] if unused else []), *ready.notes]
    mine = RunFolder(folder, ready.identity, may_replace=lambda _: _cleared(folder), taken_on=_moved)
    with mine if first else nullcontext(), failures.full_disk_as_user_error(folder):
        if first:
            save.sweep(folder)
        if (folder / record.FILE).exists():
            return _finished(folder, base, settings, notify, first=first)
        for line in notes:
            notify(line)
        if first:
            for line in checkpoints.sweep(folder):
                notify(line)
            checkpoints.check_launch(folder)
            (folder / SETTINGS).write_text(settings.as_yaml(base), encoding="utf-8")
        numbers = model.number_type(settings.precision, kind)
        report("loading", 0, 1, f"loading {name}")
        network = model.load(base, settings, numbers)
        if changed := generation_config.mend(network):
            notify(changed)
        built = trainer.build(
            network,
            ready.tokenizer,
            ready.template,
            (ready.train.examples, ready.held_out.examples),
            settings,
            limit=ready.limit,
            kind=kind,
            numbers=numbers,
            processes=processes,
            folder=folder,
            report=report,
        )
        began = time.monotonic()
        before = _run(built, folder, settings, notify)
        seconds = time.monotonic() - began
        report("saving", 0, 1, "saving the model")
        with (
            failures.full_disk_as_user_error(folder, *failures.room_for_model(built.model, settings)),
            failures.as_user_error(f"{folder}: the model cannot be saved", settings, "saving the model"),
        ):
            save.write(built, base, folder, merge=settings.merge)
        found = Summary(
            model=base,
            settings={**asdict(settings), "learning_rate": settings.rate},
            fingerprint=ready.selected.fingerprint,
            template=ready.template.source,
            taken={group: asdict(taken) for group, taken in ready.selected.taken.items()},
            dropped=_added(ready.train.dropped, ready.held_out.dropped),
            truncated=_added(ready.train.truncated, ready.held_out.truncated),
            refused=_added(ready.train.refused, ready.held_out.refused),
            licenses=ready.selected.licenses(),
            non_commercial=sum(one.non_commercial for one in ready.selected.train),
            max_length=ready.limit,
            tokens=ready.train.tokens,
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
            loss_log.draw(loss_log.history(built.state.log_history), folder.name, folder / loss_log.CURVE)
            (folder / "README.md").write_text(card.text(found, folder.resolve().name), encoding="utf-8")
            found.write(folder)
    return found


def _run(built: Any, folder: Path, settings: Settings, notify: Notify) -> int:
    """Train to the end; returns the step of the checkpoint that it began at, or 0."""
    checkpoint = checkpoints.last(folder)
    step = checkpoints.step_of(checkpoint) if checkpoint else 0
    if checkpoint:
        notify(f"going on from step {step}")
        built.args.eval_on_start = False
    try:
        with failures.full_disk_as_user_error(folder, *failures.room_for_checkpoint(built.model, settings)):
            if checkpoint is None or not checkpoints.finish(built, checkpoint):
                trained = built.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
                loss_log.check(trained.training_loss, built.state.global_step, settings.rate)
            if built.eval_dataset is not None:
                built.evaluate()
    except Exception as error:
        if message := failures.oom_advice(error, settings):
            raise UserError(message) from None
        raise
    return step


def _moved(theirs: Mapping[str, object], ours: Mapping[str, object]) -> list[str]:
    """The settings that may differ: the place of the same model, known by its files."""
    known = theirs.get("model_fingerprint")
    return ["model"] if known and known == ours.get("model_fingerprint") else []


def untouched(folder: Path) -> bool:
    """Whether the folder is not there, or holds only what a training writes before a checkpoint."""
    if not folder.is_dir():
        return True
    names = {name for name in run_folder.names(folder) if not name.startswith(save.SAVING)}
    return names <= _EARLY and not checkpoints.has_any(folder)


def _cleared(folder: Path) -> bool:
    """Clear a folder without a checkpoint for another training; False where it has one."""
    if not untouched(folder):
        return False
    shutil.rmtree(folder / checkpoints.FOLDER, ignore_errors=True)
    (folder / loss_log.LOSS).unlink(missing_ok=True)
    return True


def _finished(folder: Path, base: str, settings: Settings, notify: Notify, *, first: bool) -> Summary:
    found = record.read(folder)
    if not settings.merge or found.merged or settings.full:
        notify("trained before; nothing to do")
        return found
    found = replace(found, merged=True, settings={**found.settings, "merge": True})
    if first:
        notify("trained before; merging the adapter")
        with failures.as_user_error(f"{folder}: the adapter cannot be merged", settings, "merging"):
            save.merge_later(folder, base)
        (folder / "README.md").write_text(card.text(found, folder.resolve().name), encoding="utf-8")
        found.write(folder)
    return found


def _added(*counts: Mapping[str, int]) -> dict[str, int]:
    return {
        group: sum(one.get(group, 0) for one in counts) for group in dict.fromkeys(g for one in counts for g in one)
    }


def _at(built: Any, figure: str, place: int) -> float | None:
    """The first or last value of a figure in the trainer's history; None where it has none."""
    seen = [row[figure] for row in loss_log.history(built.state.log_history) if figure in row]
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
