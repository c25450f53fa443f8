"""Several child processes at once, and the events that they report."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence

Event = Mapping[str, object]


def events(processes: "Sequence[subprocess.Popen[str]]") -> Iterator[tuple[int, Event]]:
    """(index of the process, event) for each JSON line of their standard outputs, as they come.

    Ends when every process has closed its output; other lines, which libraries write, are left out.
    """
    found: queue.SimpleQueue[tuple[int, str | None]] = queue.SimpleQueue()

    def read(index: int) -> None:
        output = processes[index].stdout
        assert output is not None
        for line in output:
            found.put((index, line))
        found.put((index, None))

    for index in range(len(processes)):
        threading.Thread(target=read, args=(index,), daemon=True).start()
    running = len(processes)
    while running:
        index, line = found.get()
        if line is None:
            running -= 1
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield index, event
