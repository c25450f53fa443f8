"""Rows into Parquet files of the size that the Hub viewer likes, in memory that does not grow with their number."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

ROWS_A_GROUP = 1000
"""The viewer reads a row group at a time: few enough rows for a page of it to come at once."""
SHARD_BYTES = 300_000_000
"""Size on disk from which on a new file is begun."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a configuration's files hold: rows, and bytes as files and in memory."""

    rows: int
    file_bytes: int
    memory_bytes: int


def write(
    rows: Iterable[dict[str, Any]],
    schema: "pyarrow.Schema",
    folder: Path,
    *,
    split: str,
    shard_bytes: int = SHARD_BYTES,
) -> Written:
    """Write `folder/SPLIT-00000-of-00001.parquet` and so on; the folder is made here."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    shards: list[Path] = []
    writer: pq.ParquetWriter | None = None
    batch: list[dict[str, Any]] = []
    count = memory = 0

    def flush() -> None:
        nonlocal writer, memory, count
        if not batch:
            return
        table = pa.Table.from_pylist(batch, schema=schema)
        if writer is None:
            shards.append(folder / f"shard-{len(shards):05d}.parquet")
            writer = pq.ParquetWriter(shards[-1], schema, compression="zstd", write_page_index=True)
        writer.write_table(table, row_group_size=ROWS_A_GROUP)
        count, memory = count + len(batch), memory + table.nbytes
        batch.clear()
        if os.path.getsize(shards[-1]) >= shard_bytes:
            writer.close()
            writer = None

    try:
        for row in rows:
            batch.append(row)
            if len(batch) == ROWS_A_GROUP:
                flush()
        flush()
    finally:
        if writer is not None:
            writer.close()
    for number, shard in enumerate(shards):
        shard.rename(folder / f"{split}-{number:05d}-of-{len(shards):05d}.parquet")
    return Written(count, sum(file.stat().st_size for file in folder.iterdir()), memory)


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a configuration's files, in their order; a batch at a time is in memory."""
    import pyarrow.parquet as pq

    for file in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(ROWS_A_GROUP):
                yield from batch.to_pylist()
