"""What of a need lies on this machine, which is found out without a network and without loading."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from xl_alpacaeval_metric.benchmark import load
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import yaml_file
from xl_alpacaeval_metric.hub.repository import Cached, Kind, Repository
from xl_alpacaeval_metric.models import files, source
from xl_alpacaeval_metric.prefetch.needs import Need, Source, once
from xl_alpacaeval_metric.runs.pairs import References

_HPARAMS = "hparams.yaml"
"""Where a COMET model names its encoder, of which the configuration and the tokenizer are read."""


@dataclass(frozen=True, slots=True)
class Found:
    """A need, and what of it is here.

    `bytes` are those of the files that are here; `missing` names those that are not, `reason` says
    why nothing can be had. `folder` is where the files lie.
    """

    need: Need
    commit: str = ""
    bytes: int = 0
    missing: tuple[str, ...] = ()
    reason: str = ""
    folder: Path | None = None

    @property
    def is_here(self) -> bool:
        """Whether a run can read all of it."""
        return not self.missing and not self.reason

    @property
    def lines(self) -> list[str]:
        """A line for each thing that is missing."""
        at = f" at {self.commit[:12]}" if self.commit else ""
        which = f"{self.need.role}: {self.need.name}{at}"
        return [f"{which}: {part}" for part in (*([self.reason] if self.reason else []), *self.missing)]


def check(needs: Sequence[Need]) -> list[Found]:
    """What of the needs is here, and of what they need in turn; asks nobody and loads nothing."""
    return every(needs, look)


def every(needs: Sequence[Need], see: Callable[[Need], Found]) -> list[Found]:
    """`see` of each need, and of what those need in turn, as far as their files say: all once."""
    found: dict[Need, Found] = {}
    waiting = [*needs]
    while waiting:
        need = waiting.pop(0)
        if any(_is_part(need, other) for other in found):
            continue
        found[need] = see(need)
        waiting += once([*further(found[need])])
    return [*found.values()]


def look(need: Need) -> Found:
    """What of a need is here, and whether it can be read: references, and a benchmark's rows."""
    found = _files(need)
    if not found.is_here:
        return found
    try:
        if need.rows is not None:
            load(need.rows.benchmark, need.rows.languages or None, path=need.rows.path)
        if need.source is Source.REFERENCES:
            References.read(Path(os.path.expanduser(need.name)))
    except UserError as error:
        return replace(found, reason=str(error).removeprefix(f"{need.name}: "))
    return found


def _files(need: Need) -> Found:
    match need.source:
        case Source.PACKAGE | Source.ENDPOINT:
            return Found(need)
        case Source.FOLDER | Source.PATH | Source.FILE | Source.REFERENCES:
            return _on_disk(need)
    try:
        cached = repository(need).cached()
    except (OSError, ValueError) as error:  # A name that the Hub could not have.
        return Found(need, reason=" ".join(str(error).split())[:200])
    if cached.folder is None:
        at = f" at revision {need.revision}" if need.revision else ""
        return Found(need, reason=f"nothing of it is in the cache{at}")
    return _in_cache(need, cached, cached.folder)


def repository(need: Need) -> Repository:
    """The repository of the Hub that a need is read from."""
    kind: Kind = "dataset" if need.source is Source.DATASET else "model"
    return Repository(need.name, kind, need.revision)


def wanted(need: Need, names: Collection[str]) -> list[str]:
    """Which of a repository's files are read."""
    match need.source:
        case Source.MODEL:
            return files.loaded(names, need.gguf, need.subfolder)
        case Source.TOKENIZER:
            return files.tokenizer(names)
        case Source.CODE:
            return [name for name in names if name.endswith(".py")]
        case Source.FILES | Source.DATASET:
            exact = [pattern for pattern in need.patterns if "*" not in pattern and need.source is Source.FILES]
            matching = [name for name in names if any(fnmatchcase(name, pattern) for pattern in need.patterns)]
            return [*matching, *(name for name in exact if name not in matching)]
    return list(names)


def further(found: Found) -> Iterator[Need]:
    """What the files of a need name, and need in turn: an adapter's base, code, an encoder."""
    need, folder = found.need, found.folder
    if folder is None and need.base:
        yield _base(need, need.base)
    if folder is None or need.source not in (Source.MODEL, Source.FOLDER, Source.WHOLE):
        return
    if need.source is Source.WHOLE:
        encoder = _encoder(folder / _HPARAMS)
        if encoder:
            yield Need(f"encoder of {need.name}", Source.TOKENIZER, encoder)
        return
    if not (folder / files.CONFIG).is_file() and (base := need.base or source.base_of(folder)):
        yield _base(need, base)
    for name in (files.CONFIG, "tokenizer_config.json"):
        for repo in _code(files.json_object(folder / name).get("auto_map")):
            yield Need(f"code of {need.name}", Source.CODE, repo)


def _base(adapter: Need, name: str) -> Need:
    return Need(f"base model of {adapter.name}", Source.FOLDER if source.is_path(name) else Source.MODEL, name)


def _is_part(need: Need, other: Need) -> bool:
    """Whether all files of a need are among those of another one."""
    same = (need.name, need.revision) == (other.name, other.revision)
    if same and need.source is Source.TOKENIZER and other.source is Source.MODEL:
        return other.with_tokenizer and not other.subfolder
    read = [(one.source, one.patterns, one.gguf, one.subfolder, one.base, one.rows) for one in (need, other)]
    return same and read[0] == read[1]


def _on_disk(need: Need) -> Found:
    path = Path(os.path.expanduser(need.name)) / need.subfolder
    if not path.exists():
        return Found(need, reason="is not on this machine")
    if path.is_file():
        return Found(need, bytes=path.stat().st_size, missing=tuple(files.broken(path)))
    if need.source is Source.FILE:
        return Found(need, reason="is a folder; need a file")
    if need.source is not Source.FOLDER:
        size = _size(path)
        return Found(need, bytes=size, reason="" if size else "holds nothing", folder=path)
    try:
        missing = files.lacking(path, need.gguf, with_tokenizer=need.with_tokenizer)
    except OSError as error:
        return Found(need, reason=str(error.strerror))
    return Found(need, bytes=sum(files.sizes_in(path).values()), missing=tuple(missing), folder=path)


def _in_cache(need: Need, cached: Cached, folder: Path) -> Found:
    """What is in the folder of a commit: by its listing, else by what its files name."""
    if cached.listing is not None:
        names = wanted(need, cached.listing.sizes)
        missing = cached.missing(names)
    else:
        there = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()]
        names = wanted(need, there)
        missing = _lacking(need, folder, names)
    if not missing and need.source is Source.MODEL and not need.subfolder:
        # A listing may name no weights at all, and an index shards that the repository lacks.
        missing = files.lacking(folder, need.gguf, with_tokenizer=need.with_tokenizer)
    elif not missing:
        missing = files.faults(folder, names)
    here = (folder / name for name in names)
    size = sum(file.stat().st_size for file in here if file.is_file())
    return Found(need, cached.commit, size, tuple(missing), folder=folder)


def _lacking(need: Need, folder: Path, names: Collection[str]) -> list[str]:
    if need.source is Source.MODEL and not need.subfolder:
        return files.lacking(folder, need.gguf, with_tokenizer=need.with_tokenizer)
    gone = [name for name in names if not (folder / name).is_file()]
    return gone or ([] if names else ["all of its files"])


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _code(auto_map: object) -> Iterator[str]:
    """The repositories that a configuration takes code from: `ORG/NAME--module.Class`."""
    for value in auto_map.values() if isinstance(auto_map, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and "--" in one:
                yield one.partition("--")[0]


def _encoder(file: Path) -> str | None:
    try:
        settings = yaml_file.parse(file.read_text("utf-8"))
    except (OSError, UserError, ValueError):
        return None
    name = settings.get("pretrained_model") if isinstance(settings, dict) else None
    return name if isinstance(name, str) and "/" in name else None
