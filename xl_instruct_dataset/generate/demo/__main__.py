"""`make generate-demo`: data generated offline by the embedded model behind a local endpoint.

SmolLM2-135M-Instruct behind llama.cpp's server is teacher and translator of the 12 bundled
passages. It writes poor English and hardly any Finnish or French, so the data shows how generation
works and is not fit for training. Responses are not scored, since its scores cannot be read; those
in English are kept as rows, too.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xl_alpacaeval_metric import embedded
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import say
from xl_instruct_dataset.generate.demo import server as demo_server

SLOTS, CONTEXT = 8, 2048
JOB = (
    "--seeds sample --passages 12 --per-language 12 --targets fi,fr,en --candidates 3 --judge none "
    f"--max-tokens 384 --concurrency {SLOTS} --license apache-2.0 --seed-license apache-2.0"
)


def main() -> None:
    """Serve, generate into the folder given as the first argument, and stop the server."""
    try:
        sys.exit(_generate())
    except UserError as error:
        say(f"generate-demo: {error}", error=True)
        sys.exit(2)


def _generate() -> int:
    output = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/generate-demo/xl-instruct")
    output.parent.mkdir(parents=True, exist_ok=True)
    with served(embedded.gguf_file(), output.parent / "server.log") as url:
        command = [sys.executable, "-m", "xl_instruct_dataset", "generate", *JOB.split()]
        command += ["--teacher", f"openai/{embedded.NAME}", "--teacher-base-url", url, "--output", str(output)]
        return subprocess.run(command, env={**os.environ, "OPENAI_API_KEY": "none"}).returncode


@contextmanager
def served(model: Path, log: Path) -> Iterator[str]:
    """Run llama.cpp's server on a free port of this machine while the block runs.

    Yields the address of its API. Raises UserError where it does not start.
    """
    command = [sys.executable, "-m", demo_server.__name__, str(model), str(SLOTS), str(CONTEXT)]
    with (
        log.open("w") as out,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            if not (address := server.stdout.readline().strip()):
                raise UserError(f"the server of {embedded.NAME} does not start; see {log}")
            say(f"serving {embedded.NAME} at {address}", error=True)
            yield f"{address}/v1"
        finally:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


if __name__ == "__main__":
    main()
