"""Stage 6, by CometKiwi: translations scored without a reference, in an environment of its own.

unbabel-comet pins versions of transformers, numpy and huggingface_hub that do not go together with
this package. So another interpreter runs it, over standard input and output (`comet_worker.py`).
The weights of CometKiwi (Rei et al. 2022, aclanthology.org/2022.wmt-1.60) are gated and
CC-BY-NC-SA-4.0: rows selected with them are for non-commercial use.
"""

import json
import math
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import hub_connection
from xl_alpacaeval_metric.models import source
from xl_alpacaeval_metric.terminal import counted

MODEL = "Unbabel/wmt22-cometkiwi-da"
_WORKER = Path(__file__).with_name("comet_worker.py")
_INSTALL = "python -m venv comet && comet/bin/pip install unbabel-comet"


class CometKiwi:
    """A COMET model that needs no references, loaded by the first request.

    `python` is the interpreter of an environment with unbabel-comet. `model` is a Hub id or the
    path of a checkpoint, which PyTorch unpickles: use only checkpoints that you trust.
    """

    def __init__(self, python: str, model: str = MODEL) -> None:
        self.python = python
        self.model = model
        self._process: subprocess.Popen[str] | None = None
        self._stderr: Any = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Load the model unless it is loaded.

        Raises UserError if the environment or the weights are missing.
        """
        if self._process is not None:
            return
        program = shutil.which(self.python)
        if program is None:
            raise UserError(self._install_hint(f"no Python interpreter {self.python!r}"))
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # Closed in `close`.
        if not source.is_path(self.model):
            hub_connection.may_be_asked()  # The other interpreter takes over what is found here.
        try:
            self._process = subprocess.Popen(
                [program, str(_WORKER), self.model],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                encoding="ascii",
            )
        except OSError as error:
            raise UserError(self._install_hint(f"{self.python!r} does not run ({error.strerror})")) from None
        try:
            self._receive()
        except BaseException:
            self.close()
            raise

    def scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The score of each (source, translation), about 0 to 1; higher is better.

        Raises UserError if a score is missing.
        """
        if not pairs:
            return []
        self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # It has ended; its last reply is read next.
            self._process.stdin.write(json.dumps({"pairs": list(map(list, pairs))}) + "\n")
            self._process.stdin.flush()
        found = self._receive().get("scores")
        if not isinstance(found, list) or len(found) != len(pairs) or not all(map(_is_score, found)):
            raise UserError(f"{self.model} in {self.python}: no score for each of {counted(len(pairs), 'translation')}")
        return [float(score) for score in found]

    def close(self) -> None:
        """Stop the other interpreter; a later request starts it again."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None

    def _receive(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            found = json.loads(line)
        except ValueError:
            last = self._last_error_line()
            self.close()
            raise UserError(f"{self.model} in {self.python} ended without an answer: {last}") from None
        if not isinstance(found, dict):
            raise UserError(f"{self.model} in {self.python}: unknown answer {line[:60]!r}")
        kind, detail = found.get("error"), found.get("detail")
        if kind == "package":
            raise UserError(self._install_hint(f"unbabel-comet does not load in {self.python} ({detail})"))
        if kind == "model":
            raise UserError(
                f"{self.model} does not load in {self.python} ({detail}); its weights are gated and CC-BY-NC-SA-4.0: accept "
                f"their terms at https://huggingface.co/{self.model}, then log in with hf auth login, or give a checkpoint's path"
            )
        if kind is not None:
            raise UserError(f"{self.model} in {self.python} gave no scores: {detail}")
        return found

    def _last_error_line(self) -> str:
        """The last line that the other interpreter wrote to standard error."""
        self._stderr.seek(0)
        said: list[str] = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
        return said[-1].strip()[:200] if said else "nothing on standard error"

    def _install_hint(self, problem: str) -> str:
        return (
            f"CometKiwi: {problem}; it needs an environment of its own: {_INSTALL}, and {MODEL}, whose weights are gated and "
            "CC-BY-NC-SA-4.0 (non-commercial); selection by judge or chrf needs neither"
        )


def _is_score(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
