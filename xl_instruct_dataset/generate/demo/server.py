"""The server of `make generate-demo`: llama.cpp's, over one GGUF file.

`python -m xl_instruct_dataset.generate.demo.server FILE SLOTS CONTEXT` answers SLOTS requests at a
time, of up to CONTEXT tokens each. It writes its address to standard output, and ends when its
standard input does, so that it does not outlive a demo that is killed.
"""

import os
import sys


def main() -> None:
    """Serve until standard input ends; needs xllamacpp."""
    import xllamacpp

    file, slots, context = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    settings = xllamacpp.CommonParams()
    settings.model.path = file
    settings.hostnames, settings.port = ["127.0.0.1"], 0  # 0: any free port.
    settings.n_parallel, settings.n_ctx = slots, slots * context
    threads = os.cpu_count() or 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
