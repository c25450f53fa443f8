"""The settings of a fine-tuning: one frozen record, from the defaults, a YAML file and options."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.settings import load
from xl_alpacaeval_metric.settings.fields import setting


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that determines a fine-tuning, besides the content of the model and the data.

    The defaults are this project's choices; the paper names no fine-tuning settings. They are meant
    for 8,000 rows on a model of 9 billion parameters on one GPU with 80 GB: LoRA in bfloat16 with
    gradient checkpointing.
    """

    # Data
    data: str | None = setting("A folder that build made, a dataset's id on the Hub, or sample", default=None)
    variant: str = setting("Variant of the data", default="default", choices=("default", "best_of_3", "scored"))
    pairs: str = setting("Language pairs: en-de,en-fi or all", default="all")
    per_language: int | None = setting("At most so many rows of each pair", default=None, at_least=1)
    rows: int | None = setting("So many rows altogether", default=None, at_least=1)
    mixture: str = setting(
        "How pairs share the rows", default="proportional", choices=("proportional", "uniform", "temperature")
    )
    temperature: float = setting(
        "With --mixture temperature: shares like n ** (1 / temperature)", default=3.0, at_least=1
    )
    mix_with: str | None = setting("HUB_ID|FOLDER|FILE:RATIO,...: so many rows of it per row of the data", default=None)
    leave_out: str = setting("Columns of the data that are left out: COLUMN,...", default="", affects_result=False)
    # Whole prompts, in all their languages.
    held_out: float = setting("Share of the rows kept for the evaluation loss", default=0.05, at_least=0, at_most=0.9)
    seed: int = setting("Decides which rows, their order, and the adapter's first weights", default=0, at_least=0)

    # Sequences: prompt and response together
    max_length: int = setting("Tokens of a sequence, at most", default=2048, at_least=8)
    too_long: str = setting("What to do with longer ones", default="drop", choices=("drop", "truncate"))
    # auto is the model's own template, else the plain one; own refuses a model that has none.
    chat_template: str = setting("auto, own, plain, or a Jinja file", default="auto")

    # Model
    full: bool = setting("Train all weights, or a LoRA adapter", default=False)
    merge: bool = setting("Put the adapter into the model's weights at the end", default=False, affects_result=False)
    lora_rank: int = setting("Rank of the adapter", default=32, at_least=1)
    lora_alpha: int = setting("Scale of the adapter", default=64, at_least=1)
    lora_dropout: float = setting("Dropout of the adapter", default=0.05, at_least=0, at_most=0.99)
    lora_targets: str = setting("all-linear, or modules: q_proj,v_proj", default="all-linear")
    # auto is bfloat16 on a GPU that has it in hardware, else float32.
    precision: str = setting("Numbers to train in", default="auto", choices=("auto", "bfloat16", "float16", "float32"))
    # None is what transformers chooses.
    attention: str | None = setting(
        "transformers' attention implementation, e.g. flash_attention_2", default=None, affects_result=False
    )
    gradient_checkpointing: bool = setting(
        "Compute activations twice instead of keeping them", default=True, affects_result=False
    )
    device: str | None = setting("cuda, cuda:1, mps, cpu", default=None, affects_result=False)

    # Optimisation
    epochs: float = setting("Passes over the data", default=2.0, at_least=0)
    max_steps: int | None = setting("Stop after so many steps", default=None, at_least=1)
    learning_rate: float | None = setting(
        "Highest learning rate", default=None, at_least=0, default_text="2e-4, or 1e-5 with --full"
    )
    schedule: str = setting("Schedule of the learning rate, e.g. cosine, linear, constant", default="cosine")
    warmup: float = setting(
        "Share of the steps in which the learning rate rises", default=0.03, at_least=0, at_most=0.99
    )
    weight_decay: float = setting("Weight decay", default=0.0, at_least=0)
    batch_size: int = setting("Sequences a step, over all GPUs", default=32, at_least=1)
    # The rest of a step's sequences is accumulated.
    device_batch_size: int = setting("Sequences at a time on one GPU", default=4, at_least=1, affects_result=False)
    # length puts sequences of similar length together, packing several into one sequence.
    batching: str = setting("How sequences become batches", default="length", choices=("length", "packing", "random"))

    # Records of the training
    log_steps: int = setting("Steps between two figures of the loss", default=10, at_least=1, affects_result=False)
    eval_steps: int = setting(
        "Steps between two evaluations of the held-out rows", default=50, at_least=1, affects_result=False
    )
    save_steps: int = setting("Steps between two checkpoints", default=50, at_least=1, affects_result=False)
    keep_checkpoints: int = setting("How many checkpoints to keep", default=2, at_least=1, affects_result=False)
    report_to: str = setting("TRL's trackers: none, tensorboard, wandb, trackio", default="none", affects_result=False)

    @property
    def rate(self) -> float:
        """The highest learning rate, by the method where none is set."""
        return self.learning_rate if self.learning_rate is not None else 1e-5 if self.full else 2e-4

    @property
    def identity(self) -> dict[str, object]:
        """What determines the result; a run cannot go on from a checkpoint of another identity."""
        return {**load.result_settings(self), "learning_rate": self.rate}

    def as_yaml(self, model: str) -> str:
        """The settings as a file for --config, and for people."""
        return f"# The settings of this run, of {model}; usable as --config.\n{load.as_yaml(self)}"


def resolve(config: Path | None, options: Mapping[str, object]) -> Settings:
    """The defaults, then what the file `config` holds, then `options` that are not None.

    Raises UserError as `settings.load`.
    """
    return load.load(Settings, config, options)
