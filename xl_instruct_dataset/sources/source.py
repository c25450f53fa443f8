"""A source of training rows: the bundled sample, a folder, or a dataset on the Hub."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import data_files, tables
from xl_alpacaeval_metric.files.conversations import foreign_columns, unread_columns
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_instruct_dataset.records import PAIRS, VARIANTS, Provenance, TrainingRow, languages_of
from xl_instruct_dataset.sources import file_names, sample
from xl_instruct_dataset.sources.training_row import columns_of, row_of

logger = logging.getLogger(__name__)

SAMPLE = "sample"
RELEASED = "viyer98/xl-instruct"
_LICENSES = {RELEASED: "cc-by-sa-4.0"}


@dataclass(frozen=True)
class Source:
    """A source by its name: "sample", a folder, or a dataset's id on the Hub.

    With `streaming`, files on the Hub are read without a download. Columns of `leave_out` are not
    read.
    """

    name: str
    streaming: bool = False
    leave_out: unread_columns.LeftOut = field(default_factory=unread_columns.LeftOut)

    @property
    def folder(self) -> Path | None:
        """The folder of that name, None for other sources; UserError for a missing folder."""
        if self.name == SAMPLE:
            return None
        path = Path(self.name).expanduser()
        if path.is_dir():
            return path
        if path.is_file():
            raise UserError(f"{self.name}: is a file; --source is sample, a folder, or a Hub dataset's id")
        if self.name.startswith((".", "/", "~")) or self.name.count("/") != 1:
            raise UserError(f"{self.name}: no such folder; --source is sample, a folder, or a Hub dataset's id")
        return None

    @cached_property
    def license(self) -> str:
        """The licence in the source's card; "unknown" where it has none."""
        if self.name == SAMPLE:
            return "apache-2.0"
        if self.name in _LICENSES:
            return _LICENSES[self.name]
        found = self._card.get("license")
        return found if isinstance(found, str) and found else "unknown"

    def pairs(self, variant: str = "default") -> list[str]:
        """The source's language pairs in a variant."""
        if self.name == SAMPLE:
            return list(PAIRS) if variant == "default" else []
        return file_names.pairs_in(self._names, variant, VARIANTS[variant])

    def state(self) -> list[str]:
        """Path, size and modification time of each file; only the name of a dataset on the Hub."""
        folder = sample.FOLDER if self.name == SAMPLE else self.folder
        if folder is None:
            return [self.name]
        folder = folder.resolve()
        files_of = sorted(file for file in folder.rglob("*") if file.is_file() and data_files.format_of(file.name))
        return [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files_of]

    def rows(self, pair: str, variant: str = "default") -> Iterator[TrainingRow]:
        """The rows of one pair, one at a time.

        Raises UserError with the file and the row, or with what is missing and how to get it.
        """
        codes = languages_of(pair)
        if self.name == SAMPLE:
            if pair not in self.pairs(variant):
                raise UserError(f"the bundled sample has no {pair} ({variant}); it has {', '.join(PAIRS)}")
            yield from sample.rows(codes[1])
            return
        found = self._read(file_names.of_pair(self._names, pair, variant, self.name))
        provenance = Provenance(dataset=self.name if self.folder is None else self.folder.name, license=self.license)
        unread: set[str] = set()
        for number, (where, row) in enumerate(found, 1):
            row = self.leave_out.without(row)
            made = row_of(row, where, codes, f"{pair}-{number:07d}", provenance)
            if new := unread_columns.of(row, unread.union(foreign_columns.READ, columns_of(row))):
                unread.update(new)
                logger.warning("%s: not read: column %s", where, ", ".join(new))
            yield made

    @cached_property
    def _names(self) -> Sequence[str]:
        """The data files without those of other splits, which the log names."""
        found = data_files.of_train(data_files.with_rows(self._all_names()), self._declared_splits())
        for note in found.notes(self.name):
            logger.warning("%s", note)
        return found.names

    def _all_names(self) -> list[str]:
        folder = self.folder
        if folder is not None:
            return _names_below(folder)
        from huggingface_hub import HfApi

        try:
            # Not list_repo_files, which retries for half a minute where the Hub cannot be reached.
            return [file.rfilename for file in HfApi().dataset_info(self.name).siblings or ()]
        except Exception as error:  # Its class depends on the HTTP library of huggingface_hub.
            cached = _cached(self.name)
            if cached is None:
                raise UserError(_not_reached(self.name, error)) from None
            names = _names_below(cached)
            logger.warning(
                "%s: the Hub cannot be reached (%s); reading the %d files of it in the cache",
                *(self.name, type(error).__name__, len(names)),
            )
            return names

    def _declared_splits(self) -> list[tuple[str, str]]:
        """(split, pattern) of the data files that the source's card names."""
        configs = self._card.get("configs")
        return [
            (str(entry.get("split")), pattern)
            for config in (configs if isinstance(configs, list) else ())
            if isinstance(config, dict) and isinstance(entries := config.get("data_files"), list)
            for entry in entries
            if isinstance(entry, dict)
            for pattern in _as_list(entry.get("path"))
        ]

    @cached_property
    def _card(self) -> Mapping[str, object]:
        folder = self.folder
        return hub_folder.metadata(folder) if folder else _card_on_hub(self.name)

    def _read(self, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        folder = self.folder
        if folder is not None:
            yield from tables.rows_of(folder / name for name in names)
            return
        for name in names:
            try:
                with self._open(name) as file:
                    yield from tables.rows(file, f"{self.name}/{name}")
            except UserError:
                raise
            except Exception as error:
                # huggingface_hub, httpx and hf_xet each raise errors of their own.
                raise UserError(_not_reached(self.name, error, name)) from None

    def _open(self, name: str) -> IO[bytes]:
        if self.streaming:
            from huggingface_hub import HfFileSystem

            return HfFileSystem().open(f"datasets/{self.name}/{name}", "rb")  # type: ignore[no-any-return]
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(self.name, name, repo_type="dataset")).open("rb")


def left_out(columns: str) -> unread_columns.LeftOut:
    """The columns in a list with commas between their names."""
    return unread_columns.LeftOut([name.strip() for name in columns.split(",") if name.strip()])


def _not_reached(repo: str, error: Exception, file: str = "the list of its files") -> str:
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    if isinstance(error, RepositoryNotFoundError):
        return f"{repo}: the Hub shows you no such dataset; check the name, or log in with `hf auth login` if it is private"
    if isinstance(error, HFValidationError):
        return f"{repo}: neither an existing folder nor a name that the Hub allows; --source is sample, a folder, or ORG/NAME"
    return (
        f"{repo}: {file} is not available from the Hub ({type(error).__name__}); where it can be reached run "
        f"`hf download {repo} --repo-type dataset --local-dir FOLDER`, and give --source FOLDER"
    )


def _cached(repo: str) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo, repo_type="dataset", local_files_only=True))
    except Exception:
        return None


def _card_on_hub(repo: str) -> dict[str, object]:
    """The metadata of the dataset's card; empty where it has none, or is not available."""
    from huggingface_hub import DatasetCard

    try:
        return dict(DatasetCard.load(repo, ignore_metadata_errors=True).data.to_dict())
    except Exception:
        return {}


def _names_below(folder: Path) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]


def _as_list(value: object) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
