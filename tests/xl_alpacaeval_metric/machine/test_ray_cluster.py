"""Which Ray cluster a command takes."""

import os
import subprocess

import pytest

from tests.helpers import wait_until
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import ray_cluster

NOBODY = 65534


def test_the_users_whose_ray_runs_here_are_known() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be two users")
    command = ["/somewhere/raylet/raylet", "600"]
    with subprocess.Popen(command, executable="/bin/sleep", user=NOBODY, text=True) as process:
        try:
            wait_until(lambda: NOBODY in ray_cluster._owners(), process)  # It is a copy of this process first.
        finally:
            process.kill()


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:6379"])
def test_the_ray_of_another_user_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray ends the whole process there, since it cannot write the other's logs."""
    monkeypatch.setattr(ray_cluster, "_owners", lambda: {os.geteuid() + 1})
    with pytest.raises(UserError, match="is another user's; start your own here"):
        ray_cluster.check(address)
    ray_cluster.check("")  # One is made here.
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(UserError, match="is another user's"):
        ray_cluster.check("")
