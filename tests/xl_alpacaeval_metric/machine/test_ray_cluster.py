"""Which Ray cluster a command takes."""

import os
import subprocess
import time

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import ray_cluster

NOBODY = 65534


def test_the_users_whose_ray_runs_here_are_known() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be two users")
    with subprocess.Popen(["/somewhere/raylet/raylet", "60"], executable="/bin/sleep", user=NOBODY) as process:
        try:
            while NOBODY not in ray_cluster._owners() and process.poll() is None:
                time.sleep(0.01)  # It is a copy of this process first.
            assert process.poll() is None
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
