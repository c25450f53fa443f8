"""The files of a run folder that answers are written to, by one or several copies of a model."""

from pathlib import Path

SAMPLES = "samples.jsonl"


def files(folder: Path) -> list[Path]:
    """The files with answers: samples.jsonl, and a part for each copy of the model at work."""
    return [folder / SAMPLES, *sorted(folder.glob("samples.*.jsonl"))]


def part(copy: int) -> str:
    """The file to which one of several copies of a model appends its answers."""
    return f"samples.{copy}.jsonl"


def remove(folder: Path) -> None:
    """Delete the copies' files, when their answers are in samples.jsonl."""
    for file in files(folder)[1:]:
        file.unlink()
