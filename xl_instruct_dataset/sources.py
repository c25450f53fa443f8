"""Where training rows come from: the bundled sample, a folder, or a dataset on the Hub."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset import files, sample
from xl_instruct_dataset.normalise import row_of
from xl_instruct_dataset.records import PAIRS, VARIANTS, Provenance, TrainingRow, languages_of

SAMPLE = "sample"
RELEASED = "viyer98/xl-instruct"
_LICENSES = {RELEASED: "cc-by-sa-4.0"}


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is "sample", a folder, or a dataset's id on the Hub. With `streaming` the Hub's files are read where they are."""

    name: str
    streaming: bool = False

    @property
    def folder(self) -> Path | None:
        """The folder that the name stands for; raises UserError where it should be one and is not there."""
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

    @property
    def license(self) -> str:
        """The licence that the source names; "unknown" where it names none."""
        if self.name == SAMPLE:
            return "apache-2.0"
        folder = self.folder
        if folder is None:
            return _LICENSES.get(self.name, "unknown")
        return _license_in(folder / "README.md")

    def pairs(self, variant: str = "default") -> list[str]:
        """The pairs it has in this variant."""
        if self.name == SAMPLE:
            return list(PAIRS) if variant == "default" else []
        return files.pairs_in(self._names(), variant, VARIANTS[variant])

    def rows(self, pair: str, variant: str = "default") -> Iterator[TrainingRow]:
        """The rows of one pair, read as they are asked for.

        Raises UserError that names the file and the row, or what is missing and how to get it.
        """
        codes = languages_of(pair)
        if self.name == SAMPLE:
            if pair not in self.pairs(variant):
                raise UserError(f"the bundled sample has no {pair} ({variant}); it has {', '.join(PAIRS)}")
            yield from sample.rows(codes[1])
            return
        provenance = Provenance(dataset=self.name if self.folder is None else self.folder.name, license=self.license)
        found = self._read(files.of_pair(self._names(), pair, variant, self.name))
        for number, (file, row) in enumerate(found, 1):
            yield row_of(row, f"{file} row {number}", codes, f"{pair}-{number:07d}", provenance)

    def _names(self) -> list[str]:
        folder = self.folder
        if folder is not None:
            return files.local_names(folder)
        from huggingface_hub import HfApi

        try:
            return files.data_files(HfApi().list_repo_files(self.name, repo_type="dataset"))
        except _hub_errors() as error:
            cached = _cached(self.name)
            if cached is None:
                raise UserError(_not_reached(self.name, error)) from None
            return files.local_names(cached)

    def _read(self, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        import datasets

        kind = files.FORMATS[Path(names[0]).suffix]
        for name in names:
            place = self._place(name)
            try:
                yield from (
                    (name, row) for row in datasets.load_dataset(kind, data_files=place, split="train", streaming=True)
                )
            except UserError:
                raise
            except Exception as error:
                # pyarrow, fsspec and datasets each have errors of their own for a file that is cut short or none at all.
                raise UserError(f"{place}: missing or damaged ({_reason(error)})") from None

    def _place(self, name: str) -> str:
        folder = self.folder
        if folder is not None:
            return str(folder / name)
        if self.streaming:
            return f"hf://datasets/{self.name}/{name}"
        from huggingface_hub import hf_hub_download

        try:
            return hf_hub_download(self.name, name, repo_type="dataset")
        except _hub_errors() as error:
            raise UserError(_not_reached(self.name, error, name)) from None


def _hub_errors() -> tuple[type[Exception], ...]:
    import httpx
    from huggingface_hub.errors import HfHubHTTPError

    return (OSError, ValueError, HfHubHTTPError, httpx.HTTPError)


def _not_reached(repo: str, error: Exception, file: str = "its files") -> str:
    return (
        f"{repo}: {file} cannot be had from the Hub ({type(error).__name__}); where it can be reached run "
        f"`hf download {repo} --repo-type dataset --local-dir FOLDER`, and give --source FOLDER"
    )


def _cached(repo: str) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo, repo_type="dataset", local_files_only=True))
    except _hub_errors():
        return None


def _license_in(card: Path) -> str:
    from huggingface_hub import DatasetCard

    try:
        return str(DatasetCard.load(card, ignore_metadata_errors=True).data.license or "unknown")
    except (OSError, ValueError, AttributeError):
        return "unknown"


def _reason(error: Exception) -> str:
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {' '.join(str(cause).split())[:120]}"
