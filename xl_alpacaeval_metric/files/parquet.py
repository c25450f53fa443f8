"""Parquet files in the layout that the Hub viewer reads best, written in constant memory."""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

ROWS_PER_GROUP = 1000
"""Rows in a row group, which the viewer reads as a whole: few enough for a page to load at once."""
SHARD_BYTES = 300_000_000
"""Bytes on disk at which the next file is begun."""


@dataclass(frozen=True, slots=True)
class Written:
    """Size of a configuration: rows, and bytes on disk and in memory."""

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
    """Write `folder/SPLIT-00000-of-00001.parquet` and so on; the folder must not exist."""
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
            writer = pq.ParquetWriter(
                shards[-1], schema, compression="zstd", write_page_index=True, write_page_checksum=True
            )
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)
        count, memory = count + len(batch), memory + table.nbytes
        batch.clear()
        if os.path.getsize(shards[-1]) >= shard_bytes:
            writer.close()
            writer = None

    try:
        for row in rows:
            batch.append(row)
            if len(batch) == ROWS_PER_GROUP:
                flush()
        flush()
    finally:
        if writer is not None:
            writer.close()
    for number, shard in enumerate(shards):
        shard.rename(folder / f"{split}-{number:05d}-of-{len(shards):05d}.parquet")
    return Written(count, sum(file.stat().st_size for file in folder.iterdir()), memory)


def check_pages(file: Path) -> None:
    """Read a whole file; raises pyarrow's error or OSError where a page is damaged.

    A wrong bit in the data is found where the file was written with checksums, as `write` does.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
        for _ in parquet.iter_batches(ROWS_PER_GROUP):
            pass


def rows_at(folder: Path, places: Collection[int]) -> list[dict[str, Any]]:
    """The rows with these indices, in file order; only their row groups are read.

    Indices count from 0 over all files of the folder, which are one configuration.
    """
    import pyarrow.parquet as pq

    found: list[dict[str, Any]] = []
    start = 0
    for file in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                size = parquet.metadata.row_group(group).num_rows
                if here := sorted(place - start for place in places if start <= place < start + size):
                    found += parquet.read_row_group(group).take(here).to_pylist()
                start += size
    return found
