"""Imported first, it takes from this project's modules what Python has on POSIX systems alone.

Libraries keep it, since their own checks of the platform still find Linux here. It shows that
nothing of this project's needs it, and no more: it is no Windows.
"""

import builtins
import os
import signal
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

MODULES = frozenset(("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"))
ABSENT: Mapping[ModuleType, frozenset[str]] = {
    os: frozenset(
        [
            *("fork", "geteuid", "getgid", "getpgid", "getuid", "killpg", "mkfifo", "nice", "register_at_fork"),
            *("sched_getaffinity", "setsid", "statvfs", "sysconf", "uname", "wait4"),
        ]
    ),
    signal: frozenset(
        [
            *("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2"),
            *("alarm", "pthread_kill", "pthread_sigmask", "setitimer", "sigwait"),
        ]
    ),
}
"""Module -> names that it lacks on Windows."""
OURS = ("xl_alpacaeval_metric", "xl_instruct_dataset", "lm_eval_tasks")
_import = builtins.__import__


class _Shadow(ModuleType):
    """A module without some of its names."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module.__name__)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        module = self.__dict__["_module"]
        if name in ABSENT[module]:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return getattr(module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["_module"], name, value)


_SHADOWS = {module.__name__: _Shadow(module) for module in ABSENT}


def _without(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    if str((globals or {}).get("__name__")).partition(".")[0] in OURS:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in _SHADOWS:
            return _SHADOWS[name]
    return _import(name, globals, locals, fromlist, level)


builtins.__import__ = _without
