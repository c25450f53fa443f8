"""What a Slurm site demands of a job: options of sbatch, lines before the command, a launcher.

Options are those of sbatch 22.05 and later (https://slurm.schedmd.com/sbatch.html). Which of them a
site demands, only the site knows, so every `name=value` goes to sbatch as it is. Left out are those
that would break a job of this project; a job that uses no GPU asks for none.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.slurm import resources

WITHOUT_GPUS = "cpu"
"""The key with the options of jobs that use no GPU: a mapping, or `cpu.NAME=VALUE` on a line."""
SETUP, LAUNCHER, PYTHON = "setup", "launcher", "python"
"""Keys that are no options of sbatch; see `Site`."""
CPUS, MEMORY = 2, 8
"""CPUs, and GB, of a job that uses no GPU, where neither job nor site says more."""
CPUS_PER_GPU, MEMORY_PER_GPU = 6, 56
"""CPUs, and GB, for each GPU; common nodes have 7 to 32 of them and 60 to 250 GB a GPU."""

OURS = frozenset(
    [
        *("array", "chdir", "dependency", "error", "export", "job-name", "kill-on-invalid-dep", "open-mode"),
        *("output", "parsable", "quiet", "test-only", "wait", "wrap"),
    ]
)
"""Options that are set for every job."""
_ONE = frozenset(["nodes", "ntasks", "ntasks-per-node"])
"""Options that may be given, and be 1: a job of this project runs on one node."""
_GPU_OPTIONS = frozenset([*resources.GPUS, "cpus-per-gpu", "mem-per-gpu", "gpu-bind", "gpu-freq", "ntasks-per-gpu"])
_INSTEAD: Mapping[str, tuple[str, ...]] = {
    "cpus-per-task": ("cpus-per-gpu", "exclusive"),
    "mem": ("mem-per-cpu", "mem-per-gpu", "exclusive"),
    "gpus": resources.GPUS[1:],
}
"""Option that a job gets by itself -> options of the site that take its place."""
_OLD: Mapping[str, str] = {
    "env_command": "setup='...'",
    "venv_path": "setup='source .../bin/activate', or python=.../bin/python",
    "condaenv": "python=.../envs/NAME/bin/python",
    "mem_per_cpu_gb": "mem-per-cpu=8G",
    "sbatch_args": "its options themselves, as account=NAME",
    "nodes_per_task": "nodes=1",
}
"""Keys of datatrove's executor, which earlier versions took -> what to write now."""
_NAME = re.compile(r"[a-z][a-z0-9-]+")
_TIME = re.compile(r"\d+(?::\d{1,2}){0,2}|\d+-\d{1,2}(?::\d{1,2}){0,2}|infinite|unlimited", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Needs:
    """What one job uses on its node; CPUs and GB of memory 0 are as many as fit its GPUs."""

    gpus: int = 0
    cpus: int = 0
    memory: int = 0

    def options(self) -> dict[str, str]:
        """As options of sbatch."""
        cpus = self.cpus or CPUS_PER_GPU * self.gpus or CPUS
        memory = self.memory or MEMORY_PER_GPU * self.gpus or MEMORY
        gpus = {"gpus": str(self.gpus)} if self.gpus else {}
        return {"cpus-per-task": str(cpus), "mem": f"{memory}G", **gpus}


@dataclass(frozen=True, slots=True)
class Site:
    """What was given for the jobs of a site.

    `options` go to sbatch, by their long names; "" is a flag, None leaves an option out that jobs
    would get by themselves. `without_gpus` go over them in jobs that use no GPU. `setup` are lines
    of the script before the command, such as `module load cuda`; `launcher` is what the command is
    started with, such as `apptainer exec --nv image.sif`; `python` the interpreter of the job.
    """

    options: Mapping[str, str | None] = field(default_factory=dict)
    without_gpus: Mapping[str, str | None] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    launcher: str = ""
    python: str = sys.executable

    @property
    def gpus(self) -> int | None:
        """The GPUs of a job that uses them, as the options have it; None where they say nothing.

        Raises UserError where they say it in a way that has no number.
        """
        for name in resources.GPUS:
            if value := self.options.get(name):
                return resources.count(name, value)
        for name in resources.LISTS:
            for part in filter(resources.is_gpu, (self.options.get(name) or "").split(",")):
                return resources.count(name, part) if re.search("[:=]", part) else 1
        return None

    def sbatch(self, needs: Needs) -> dict[str, str]:
        """The options of a job, by their long names; "" is a flag.

        A job that uses more GPUs than the site's options say asks for its number of the site's
        type.
        """
        given: dict[str, str | None] = dict(self.options)
        if not needs.gpus:
            given = {name: value for name, value in given.items() if name not in _GPU_OPTIONS}
            for name in filter(given.get, resources.LISTS):
                given[name] = (
                    ",".join(part for part in str(given[name]).split(",") if not resources.is_gpu(part)) or None
                )
            given |= self.without_gpus
        given = {name: resources.at_least(name, value, needs.gpus) for name, value in given.items()}
        own = needs.options()
        listed = [part for name in resources.LISTS for part in (given.get(name) or "").split(",")]
        for name, is_listed in (("gpus", resources.is_gpu), ("cpus-per-task", resources.is_cpu)):
            if any(map(is_listed, listed)):
                own.pop(name, None)
        for name, others in _INSTEAD.items():
            if any(given.get(other) is not None for other in others):
                own.pop(name, None)
        return {name: value for name, value in {**own, **given}.items() if value is not None}


def site(given: Mapping[str, Any], where: str = "--slurm") -> Site:
    """The site from what was given, on the command line or in a file; `where` is named in errors.

    Values are text or numbers; true is a flag, false or none leaves an option out. Names may have _
    for -. Raises UserError for a name that is none, for options that are set for every job, for
    values of another kind or with line ends, and for a time that Slurm would read as something
    else.
    """
    flat = dict(given)
    without_gpus = flat.pop(WITHOUT_GPUS, None) or {}
    if not isinstance(without_gpus, Mapping):
        raise UserError(
            f"{where} {WITHOUT_GPUS} is {str(without_gpus)[:40]!r}; need options, as in cpu.partition=small"
        )
    dotted = {name.removeprefix(f"{WITHOUT_GPUS}."): flat.pop(name) for name in list(flat) if name.startswith("cpu.")}
    return Site(
        options=_options({name: value for name, value in flat.items() if name not in (SETUP, LAUNCHER, PYTHON)}, where),
        without_gpus=_options({**without_gpus, **dotted}, f"{where} {WITHOUT_GPUS}:"),
        setup=tuple(_lines(flat.get(SETUP), f"{where} {SETUP}")),
        launcher=" ".join(_lines(flat.get(LAUNCHER), f"{where} {LAUNCHER}")),
        python=" ".join(_lines(flat.get(PYTHON), f"{where} {PYTHON}")) or sys.executable,
    )


def parse(texts: Iterable[str], where: str = "--slurm") -> dict[str, str]:
    """`k=v,k=v` as a dictionary of texts; a part without = goes on the value before it.

    So `nodelist=n1,n3` is one option, and `account=007` stays text. Raises UserError.
    """
    found: dict[str, str] = {}
    for text in texts:
        key = ""
        for part in text.split(","):
            name, equals, value = part.partition("=")
            if equals and re.fullmatch(r"\s*-{0,2}[A-Za-z][\w.-]*\s*", name):
                key = name.strip()
                if key in found:
                    raise UserError(f"{where} {key} is there twice; give it once")
                found[key] = value
            elif key:
                found[key] += f",{part}"
            elif part.strip():
                raise UserError(f"{where} {part!r} is not of the form key=value")
    return found


def _options(given: Mapping[str, Any], where: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, value in given.items():
        if name in _OLD:
            raise UserError(f"{where} {name} is not taken any more; write {_OLD[name]}")
        option = str(name).removeprefix("--").replace("_", "-")
        if not _NAME.fullmatch(option):
            raise UserError(f"{where} {str(name)[:40]!r} is no long name of an sbatch option, such as account")
        if option in OURS:
            raise UserError(f"{where} {option} is set by this command for each job; leave it out")
        if option in found:
            raise UserError(f"{where} {option} is there twice; give it once")
        found[option] = _value(option, value, where)
    return found


def _value(option: str, value: object, where: str) -> str | None:
    if option == "time" and isinstance(value, int | float) and not isinstance(value, bool):
        # YAML 1.1 reads 10:00:00 as 36000, and Slurm would take that for minutes.
        raise UserError(f"{where.lstrip('-')} time is {value}; write it as text, in quotes: '10:00:00'")
    if value is None or value is False or value == "false":
        return None
    if value is True or value == "true":
        return ""
    if not isinstance(value, str | int | float):
        raise UserError(f"{where} {option} is {str(value)[:40]!r}; need text")
    text = str(value).strip()
    if not text.isprintable():
        raise UserError(f"{where} {option} holds a control character or a line end; need one line of text")
    if option == "time" and not _TIME.fullmatch(text):
        raise UserError(f"{where} time={text[:40]} is no time limit; write HH:MM:SS or DAYS-HH:MM:SS")
    if option in _ONE and text != "1":
        raise UserError(f"{where} {option} is {text[:40]}; need 1: a job runs on one node, many of them at a time")
    if option in resources.GPUS:
        resources.count(option, text)
    return text


def _lines(value: object, where: str) -> list[str]:
    parts = value.splitlines() if isinstance(value, str) else value
    if parts is None:
        return []
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise UserError(f"{where} is {str(value)[:40]!r}; need text, or a list of lines")
    lines = [line for part in parts for line in part.splitlines() if line.strip()]
    if any(not line.replace("\t", " ").isprintable() for line in lines):
        raise UserError(f"{where} holds a control character; need lines of text")
    return lines
