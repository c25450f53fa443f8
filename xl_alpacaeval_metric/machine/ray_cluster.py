"""A Ray cluster: whether there is one at an address, and the connection to it."""

import logging
import socket
from typing import Any

from xl_alpacaeval_metric.errors import UserError

PATIENCE = 10.0
"""Seconds for a Ray cluster to take a connection."""


def connected(address: str, **more: Any) -> Any:
    """The module `ray`, connected to the cluster; "" is that of RAY_ADDRESS, or one made here.

    `more` goes to `ray.init`, unless this process is connected already. Raises UserError without
    Ray or its cluster.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise UserError("--executor ray needs Ray; install it with pip install 'ray[default]'") from None
    if not ray.is_initialized():
        check(address)
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            ray.init(address=address or None, ignore_reinit_error=True, **quiet, **more)
        except (ConnectionError, ValueError, RuntimeError) as error:
            # `ray start` of Ray 2.60 wants a token, which is sent only where this variable is set.
            token = "; if it wants a token, as those of `ray start` do, set RAY_AUTH_MODE=token" if address else ""
            raise UserError(f"no Ray cluster at {address!r} ({type(error).__name__}){token}") from None
    return ray


def check(address: str) -> None:
    """Raises UserError where nothing listens at the address of a Ray cluster.

    Ray itself would try for minutes.
    """
    if address in ("", "auto", "local"):
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
