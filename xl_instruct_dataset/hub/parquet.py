"""Parquet files of training rows."""

from collections.abc import Iterable
from pathlib import Path

from xl_alpacaeval_metric.files import parquet
from xl_alpacaeval_metric.files.parquet import SHARD_BYTES, Written
from xl_instruct_dataset.records import TrainingRow, features

SPLIT = "train"


def write(rows: Iterable[TrainingRow], folder: Path, *, shard_bytes: int = SHARD_BYTES) -> Written:
    """Write `folder/train-00000-of-00001.parquet` and so on; the folder must not exist."""
    dictionaries = (row.as_dict() for row in rows)
    return parquet.write(dictionaries, features().arrow_schema, folder, split=SPLIT, shard_bytes=shard_bytes)
