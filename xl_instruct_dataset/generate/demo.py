"""`make generate-demo`: data made offline by the embedded model, served as any endpoint is.

SmolLM2-135M-Instruct behind `transformers serve` is teacher and translator of 12 bundled passages, cut to their first sentences. It
writes poor English and hardly any Finnish or French: what it makes is there to be looked at, not to be used. Nobody scores its
responses, since it gives no scores that can be read; those in English are kept as rows, too.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xl_alpacaeval_metric import embedded
from xl_alpacaeval_metric.errors import UserError

PATIENCE = 180.0
"""Seconds for the server to answer."""
JOB = (
    "--seeds sample --passages 12 --min-words 30 --max-words 60 --per-language 12 --targets fi,fr,en --candidates 3 --judge none "
    "--max-tokens 160 --concurrency 1 --license apache-2.0 --seed-license apache-2.0"
)
SERVE = "import sys; from transformers.cli.transformers import main; sys.argv = ['transformers', 'serve', *sys.argv[1:]]; main()"


def main() -> None:
    """Serve, generate into the folder given as the first argument, and stop the server."""
    try:
        sys.exit(_generate())
    except UserError as error:
        print(f"generate-demo: {error}", file=sys.stderr)
        sys.exit(2)


def _generate() -> int:
    output = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/generate-demo/xl-instruct")
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = sampling(output.parent / embedded.NAME)
    with served(folder, output.parent / "server.log") as url:
        command = [sys.executable, "-m", "xl_instruct_dataset", "generate", *JOB.split()]
        command += ["--teacher", f"openai/{folder}", "--teacher-base-url", url, "--output", str(output)]
        return subprocess.run(command, env={**os.environ, "OPENAI_API_KEY": "none"}).returncode


def sampling(folder: Path) -> Path:
    """The embedded model's files, and what has `transformers serve` sample: by itself it takes the likeliest token at any temperature."""
    folder.mkdir(exist_ok=True)
    settings = {"do_sample": True}
    for file in embedded.model_folder().iterdir():
        if file.name == "generation_config.json":
            settings = {**json.loads(file.read_text(encoding="utf-8")), **settings}
        elif not (folder / file.name).exists():
            (folder / file.name).symlink_to(file)
    (folder / "generation_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder.resolve()


@contextmanager
def served(folder: Path, log: Path) -> Iterator[str]:
    """`transformers serve` on a free port of this machine, as long as the block runs; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    print(f"serving {embedded.NAME} at {url}", file=sys.stderr)
    with (
        log.open("w") as out,
        subprocess.Popen([sys.executable, "-c", SERVE, "--port", str(port)], stdout=out, stderr=out) as server,
    ):
        try:
            deadline = time.monotonic() + PATIENCE
            while not _answers(f"{url}/models"):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise UserError(f"`transformers serve` does not answer; see {log}")
                time.sleep(0.5)
            _load(url, folder)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:  # It waits for what it is answering.
                server.kill()


def _load(url: str, folder: Path) -> None:
    """Have the server load the model, which it does at the first request."""
    body = {"model": str(folder), "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 1}
    request = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            reply.read()
    except OSError as error:
        raise UserError(f"`transformers serve` does not load {embedded.NAME} ({error})") from None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
