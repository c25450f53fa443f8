"""Several child processes at once, and the events that they report."""

import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

Event = Mapping[str, object]


def forward_events(
    processes: "Sequence[subprocess.Popen[str]]", put: Callable[[tuple[int, Event] | None], None]
) -> None:
    """Pass on (index of the process, event) for each JSON line of their standard outputs.

    `put` is called from other threads; with None when every process has closed its output. Other
    lines, which libraries write, are left out.
    """
    running, lock = [len(processes)], threading.Lock()

    def read(index: int) -> None:
        output = processes[index].stdout
        assert output is not None
        for line in output:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                put((index, event))
        with lock:
            running[0] -= 1
            last = not running[0]
        if last:
            put(None)

    for index in range(len(processes)):
        threading.Thread(target=read, args=(index,), daemon=True).start()
