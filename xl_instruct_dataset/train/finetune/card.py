"""The model's card: data, languages, settings, and the licence that it inherits from the data."""

from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.hub import card_text
from xl_alpacaeval_metric.hub.front_matter import TAG
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.records import is_pair, languages_of
from xl_instruct_dataset.train.finetune.record import Summary, lines


def text(summary: Summary, name: str) -> str:
    """The whole README.md of the model folder `name`."""
    settings = summary.settings
    base = Path(summary.model).name if Path(summary.model).is_dir() else summary.model
    kind = "The merged LoRA fine-tuning" if summary.merged else "A LoRA adapter"
    body = card_text.body(
        "model",
        {
            "title": card_text.cell(name),
            "what": "A full fine-tuning" if settings["full"] else kind,
            "base": card_text.cell(base),
            "use": _use(name),
            "data": f"From {card_text.code(str(settings['data']))} (variant {card_text.cell(str(settings['variant']))}), "
            f"fingerprint `{summary.fingerprint}`.",
            "table": _table(summary),
            "notes": "\n".join(f"- {card_text.cell(line)}" for line in summary.notes),
            "license": card_text.cell(summary.license),
            "license_note": _license_note(summary),
            "training": "\n".join(f"- {card_text.cell(line)}" for line in lines(summary)),
            "settings": "\n".join(
                f"| `{key}` | {card_text.cell(str(value))} |" for key, value in settings.items() if value is not None
            ),
            "bibtex": card_text.BIBTEX,
            "version": summary.version,
            "trl": summary.trl,
        },
    )
    return f"---\n{_front_matter(summary)}---\n\n{body}"


def _front_matter(summary: Summary) -> str:
    from huggingface_hub import ModelCardData

    one = len(summary.licenses) == 1 and summary.license != "unknown"
    adapter = not summary.settings["full"] and not summary.merged
    data = str(summary.settings["data"])
    card = ModelCardData(
        base_model=_hub_id(summary.model),
        datasets=[data] if data.count("/") == 1 and not Path(data).expanduser().exists() else None,
        language=sorted({code for group in summary.taken if is_pair(group) for code in languages_of(group)}),
        library_name="peft" if adapter else "transformers",
        license=summary.license if one else "other",
        license_name=None if one else "unknown" if summary.license == "unknown" else "several",
        pipeline_tag="text-generation",
        tags=[TAG, "cross-lingual", "sft", "trl", *(["lora"] if not summary.settings["full"] else [])],
    )
    return f"{card.to_yaml()}\n"


def _hub_id(model: str) -> str | None:
    """The base model's Hub id, also of a snapshot in the Hub's cache; None for other folders."""
    if not Path(model).is_dir():
        return model
    for part in Path(model).resolve().parts:
        if part.startswith("models--") and part.count("--") == 2:
            return part.removeprefix("models--").replace("--", "/")
    return None


def _table(summary: Summary) -> str:
    rows = ["| pair or set | languages | trained on | held out | dropped | truncated |", "|---|---|---|---|---|---|"]
    for group, taken in summary.taken.items():
        named = " to ".join(languages.get(code).name for code in languages_of(group)) if is_pair(group) else "as it is"
        dropped = summary.dropped.get(group, 0) + summary.refused.get(group, 0)
        counts = (taken["used"], taken["held_out"], dropped, summary.truncated.get(group, 0))
        rows.append(f"| {card_text.cell(group)} | {named} | {' | '.join(f'{count:,}' for count in counts)} |")
    return "\n".join(rows)


def _license_note(summary: Summary) -> str:
    notes = []
    if len(summary.licenses) > 1:
        notes.append(
            "By rows: "
            + ", ".join(f"{card_text.cell(name)} {count:,}" for name, count in summary.licenses.items())
            + "."
        )
    if "unknown" in summary.licenses:
        notes.append("Where it is unknown, find out before you pass the model on.")
    if summary.non_commercial:
        notes.append(f"{counted(summary.non_commercial, 'row is', 'rows are', form=',')} marked as non-commercial.")
    return " ".join(notes)


def _use(name: str) -> str:
    return f"```\nxl-alpacaeval eval {card_text.shell_path(name)} --benchmark mini --judge openai/gpt-4o\n```"
