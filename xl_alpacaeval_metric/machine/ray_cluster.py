"""A Ray cluster: whether there is one at an address, and the connection to it."""

import logging
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError

LOCAL = "local"
"""The address of a cluster that is made here."""
PATIENCE = 10.0
"""Seconds for a Ray cluster to take a connection."""


def connected(address: str, **more: Any) -> Any:
    """The module `ray`, connected to the cluster; "" is that of RAY_ADDRESS, else one made here.

    `more` goes to `ray.init`, unless this process is connected already. Raises UserError without
    Ray or its cluster.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise UserError("--executor ray needs Ray; install it with pip install 'ray[default]'") from None
    if not ray.is_initialized():
        check(address)
        address = _resolved(address)
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            ray.init(address=address, ignore_reinit_error=True, **quiet, **more)
        except (ConnectionError, ValueError, RuntimeError) as error:
            # A token, which Ray 2.60 may have, is sent only where this variable is set.
            token = "; if it wants a token, set RAY_AUTH_MODE=token" if address != LOCAL else ""
            raise UserError(f"no Ray cluster at {address!r} ({type(error).__name__}){token}") from None
    return ray


def check(address: str) -> None:
    """Raises UserError where nothing listens at the address of a Ray cluster.

    Ray itself would try for minutes, and in the cluster of another user it would crash.
    """
    address = _resolved(address)
    if address == LOCAL:
        return
    if not address.startswith("ray://") and (owners := _owners()) and os.geteuid() not in owners:
        raise UserError(f"Ray at {address!r}: the Ray that runs on this machine is another user's; start your own here")
    if address == "auto":
        return
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    try:
        if not (colon and host):
            raise ValueError
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, OverflowError):
        reason = "an address is HOST:PORT or ray://HOST:PORT"
    else:
        return
    raise UserError(f"no Ray cluster at {address!r} ({reason})")


def _resolved(address: str) -> str:
    """Ray itself takes any cluster that runs here where it gets no address."""
    return address or os.environ.get("RAY_ADDRESS") or LOCAL


def _owners() -> set[int]:
    """The users whose Ray runs on this machine, as far as Linux says."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It has ended.
            if (folder / "cmdline").read_bytes().partition(b"\0")[0].endswith(b"/raylet/raylet"):
                found.add(folder.stat().st_uid)
    return found
