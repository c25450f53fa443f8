"""TRL's SFTTrainer by the settings."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_alpacaeval_metric.progress import Progress
from xl_instruct_dataset.train.dataset.tokenized_examples import TokenizedExample
from xl_instruct_dataset.train.dataset.tokenizer import Template
from xl_instruct_dataset.train.finetune import checkpoints, failures, loss_log, model
from xl_instruct_dataset.train.settings import Settings


def accumulation(settings: Settings, processes: int) -> int:
    """Batches that a GPU accumulates for a step; raises UserError where sizes do not divide."""
    at_once = settings.device_batch_size * processes
    if settings.batch_size % at_once:
        raise UserError(
            f"--batch-size {settings.batch_size} is no multiple of --device-batch-size {settings.device_batch_size} "
            f"x {processes} process{'es' if processes > 1 else ''}; change one of them"
        )
    return settings.batch_size // at_once


def check(settings: Settings, processes: int) -> None:
    """Raises UserError for settings that TRL or transformers refuse with any model."""
    import torch
    from transformers import SchedulerType, get_scheduler
    from transformers.integrations import get_reporting_integration_callbacks

    accumulation(settings, processes)
    schedules = [one.value for one in SchedulerType]
    if settings.schedule not in schedules:
        raise UserError(f"--schedule {settings.schedule!r} is unknown; there are {', '.join(schedules)}")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    try:
        get_scheduler(settings.schedule, optimizer, num_warmup_steps=1, num_training_steps=2)
    except (ValueError, TypeError) as error:  # Some need a parameter that is not among the settings.
        raise UserError(f"--schedule {settings.schedule} cannot be used ({first_line(error)}); take another") from None
    try:
        names = [name for name in _trackers(settings) if name not in ("none", "all")]
        for tracker in get_reporting_integration_callbacks(names):
            tracker()
    except (ValueError, ImportError, RuntimeError) as error:
        raise UserError(f"--report-to {settings.report_to}: {first_line(error)}; none keeps loss.jsonl alone") from None


def _trackers(settings: Settings) -> list[str]:
    return [name.strip() for name in settings.report_to.split(",") if name.strip()]


def build(
    network: Any,
    tokenizer: Any,
    template: Template,
    examples: tuple[Sequence[TokenizedExample], Sequence[TokenizedExample]],
    settings: Settings,
    *,
    limit: int,
    kind: str,
    numbers: str,
    processes: int,
    folder: Path,
    report: Progress,
) -> Any:
    """The trainer; `examples` are those to train on and those held out.

    `limit` is the maximum length of a sequence in tokens. Raises UserError where TRL, PEFT or
    transformers refuse a setting.
    """
    import datasets
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    datasets.disable_progress_bars()
    train, held_out = (_dataset(part) if part else None for part in examples)
    with failures.as_user_error("the settings do not work with this model", settings, "loading the model"):
        arguments = SFTConfig(
            output_dir=str(folder / checkpoints.FOLDER),
            per_device_train_batch_size=settings.device_batch_size,
            per_device_eval_batch_size=settings.device_batch_size,
            gradient_accumulation_steps=accumulation(settings, processes),
            num_train_epochs=settings.epochs,
            max_steps=settings.max_steps or -1,
            learning_rate=settings.rate,
            lr_scheduler_type=settings.schedule,
            warmup_steps=settings.warmup,
            weight_decay=settings.weight_decay,
            max_length=limit,
            completion_only_loss=True,
            packing=settings.batching == "packing",
            eval_packing=False,
            train_sampling_strategy="group_by_length" if settings.batching == "length" else "random",
            **{_checkpointing(SFTConfig): settings.gradient_checkpointing},
            bf16=numbers == "bfloat16",
            fp16=numbers == "float16",
            eos_token=template.end if template.moves_end else None,
            eval_strategy="steps" if held_out else "no",
            eval_steps=settings.eval_steps,
            eval_on_start=bool(held_out),
            save_strategy="steps",
            save_steps=settings.save_steps,
            save_total_limit=settings.keep_checkpoints,
            logging_steps=settings.log_steps,
            logging_first_step=True,
            logging_nan_inf_filter=False,  # The filter would log the last finite loss instead.
            report_to=_trackers(settings),
            run_name=folder.name,
            seed=settings.seed,
            use_cpu=kind == "cpu",
            dataloader_pin_memory=kind == "cuda",
            disable_tqdm=True,
        )
        trainer = _resumable(SFTTrainer)(
            model=network,
            args=arguments,
            train_dataset=train,
            eval_dataset=held_out,
            processing_class=tokenizer,
            peft_config=model.adapter(settings),
            callbacks=[loss_log.watch(folder, report), checkpoints.sealing()],
        )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _dataset(examples: Sequence[TokenizedExample]) -> Any:
    """The columns that TRL tokenizes a chat into; with them given, it does not tokenize again."""
    import datasets
    import numpy as np

    lengths = [(one.prompt_length, len(one.ids) - one.prompt_length) for one in examples]
    return datasets.Dataset.from_dict(
        {
            "input_ids": [np.frombuffer(one.ids, dtype=np.intc) for one in examples],
            "completion_mask": [np.repeat(np.array([0, 1], dtype=np.int8), parts) for parts in lengths],
        }
    )


def _resumable(trainer: Any) -> Any:
    """The trainer with an order of rows that a run finds again in the middle of an epoch.

    transformers draws the order of its grouping by length from the global random state, which
    differs after a restart.
    """
    import torch
    from transformers.trainer_pt_utils import LengthGroupedSampler

    class Ordered(LengthGroupedSampler):  # type: ignore[misc]
        seed = epoch = 0

        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def __iter__(self) -> Any:
            self.generator = torch.Generator().manual_seed(self.seed + self.epoch)
            return super().__iter__()

    class Resumable(trainer):  # type: ignore[misc]
        def _get_train_sampler(self, *arguments: Any) -> Any:
            found = super()._get_train_sampler(*arguments)
            if type(found) is LengthGroupedSampler:
                found.__class__, found.seed = Ordered, self.args.seed
            return found

    return Resumable


def _checkpointing(config: type) -> str:
    """The name of TRL's argument, which transformers is about to change."""
    names = {one.name for one in dataclasses.fields(config)}
    return "activation_checkpointing" if "activation_checkpointing" in names else "gradient_checkpointing"
