"""A source of training rows: the bundled sample, a folder, or a dataset on the Hub."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_instruct_dataset.records import PAIRS, VARIANTS, Provenance, TrainingRow, languages_of
from xl_instruct_dataset.sources import file_names, sample
from xl_instruct_dataset.sources.training_row import row_of

logger = logging.getLogger(__name__)

SAMPLE = "sample"
RELEASED = "viyer98/xl-instruct"
_LICENSES = {RELEASED: "cc-by-sa-4.0"}


@dataclass(frozen=True)
class Source:
    """A source by its name: "sample", a folder, or a dataset's id on the Hub.

    With `streaming`, files on the Hub are read without a download.
    """

    name: str
    streaming: bool = False

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
        folder = self.folder
        found = hub_folder.metadata(folder).get("license") if folder else _license_on_hub(self.name)
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
        files_of = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix in tables.FORMATS)
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
        for number, (where, row) in enumerate(found, 1):
            yield row_of(row, where, codes, f"{pair}-{number:07d}", provenance)

    @cached_property
    def _names(self) -> list[str]:
        folder = self.folder
        if folder is not None:
            return file_names.local_names(folder)
        from huggingface_hub import HfApi

        try:
            # Not list_repo_files, which retries for half a minute where the Hub cannot be reached.
            found = HfApi().dataset_info(self.name).siblings
            return file_names.data_files(file.rfilename for file in found or ())
        except Exception as error:  # Its class depends on the HTTP library of huggingface_hub.
            cached = _cached(self.name)
            if cached is None:
                raise UserError(_not_reached(self.name, error)) from None
            names = file_names.local_names(cached)
            logger.warning(
                "%s: the Hub cannot be reached (%s); reading the %d data files of it in the cache",
                *(self.name, type(error).__name__, len(names)),
            )
            return names

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


def _license_on_hub(repo: str) -> object:
    """The licence in the dataset's card; None where it has none, or the card is not available."""
    from huggingface_hub import DatasetCard

    try:
        return DatasetCard.load(repo, ignore_metadata_errors=True).data.license
    except Exception:
        return None
