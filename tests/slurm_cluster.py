"""A real Slurm on this machine: two nodes, fake GPUs, a site's rule for account and QOS.

Everything lies in one folder, and ends with the program: munge, the controller and a daemon for
each node, as root and without systemd. Needs Debian's packages `slurmctld slurmd slurm-client
munge`. As a program it runs until it is interrupted:

    python tests/slurm_cluster.py /tmp/cluster      # prints the line that other shells need
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.helpers import PATIENCE

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "srun")
NODES = ("node1", "node2")
ACCOUNT, QOS = "project7", "normal"

CONF = """\
ClusterName=xl
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
JobAcctGatherType=jobacct_gather/none
JobSubmitPlugins=lua
MpiDefault=none
ReturnToService=2
KillWait=5
OverTimeLimit=0
MinJobAge=300
GresTypes=gpu
NodeName={nodes} NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports[1]}-{ports[2]}] CPUs=16 RealMemory=200000 Gres=gpu:4
PartitionName=small Nodes=ALL Default=YES MaxTime=01:00:00 State=UP
PartitionName=gpu Nodes=ALL MaxTime=01:00:00 State=UP
"""

RULE = f"""\
function slurm_job_submit(job, partitions, uid)
   if job.account == nil then
      slurm.log_user("this site wants --account")
      return 2045 -- Invalid account or account/partition combination specified.
   end
   if job.account ~= "{ACCOUNT}" then return 2045 end
   if job.qos == nil then
      slurm.log_user("this site wants --qos")
      return 2066 -- Invalid qos specification.
   end
   return slurm.SUCCESS
end
function slurm_job_modify(job, record, partitions, uid) return slurm.SUCCESS end
return slurm.SUCCESS
"""


def missing() -> str:
    """Why there can be no cluster here; empty where there can."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin"
    if lacking := [name for name in PROGRAMS if shutil.which(name, path=path) is None]:
        return f"a real Slurm needs {', '.join(lacking)} (Debian: slurmctld slurmd slurm-client munge)"
    if os.geteuid() != 0:
        return "a real Slurm is started as root here"
    return ""


class SlurmCluster:
    """The cluster, while the block runs; its files are in `folder`, which must not be too long.

    `environment` is what its programs, and those that submit to it, need.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        self._daemons: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self._configure()
            self._start_munge()
            self._start("slurmctld", "-D", "-c", log="slurmctld")
            for node in NODES:
                self._start("slurmd", "-D", "-N", node, log=node)
            self._wait(lambda: self.run("sinfo", "-h", "-N", "-o", "%t").split()[: len(NODES)] == ["idle"] * len(NODES))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if len(self._daemons) > 1:
            self.run("scancel", "--state=PENDING,RUNNING,SUSPENDED", "--user=root", check=False)
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons.clear()

    def run(self, *command: object, check: bool = True) -> str:
        """What one of Slurm's programs prints."""
        done = self._done(command)
        assert not check or done.returncode == 0, (command, done.stderr)
        return done.stdout

    def end(self, job: str) -> None:
        """End a job as its time limit does."""
        # The controller refuses a time that is past when it reads it.
        command = ("scontrol", "update", f"JobId={job}", "EndTime=now+1")
        self._wait(lambda: self._done(command).returncode == 0)

    def jobs(self) -> dict[str, str]:
        """Job, with its task, -> its state, of all that the controller remembers."""
        lines = self.run("squeue", "-h", "--array", "-t", "all", "-o", "%i %T").splitlines()
        return dict(line.split(maxsplit=1) for line in lines)

    def restarts(self, job: str) -> int:
        """How often a job was put back into the queue."""
        found = re.search(r"Restarts=(\d+)", self.run("scontrol", "-o", "show", "job", job))
        return int(found[1]) if found else 0

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition()` is true."""
        self._wait(condition)

    def _done(self, command: Sequence[object]) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, **self.environment}
        return subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True)

    def _configure(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        for name in ("state", "munge", *(f"spool.{node}" for node in NODES)):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "munge").chmod(0o755)
        ports = _free_ports()
        nodes = f"node[1-{len(NODES)}]"
        conf = CONF.format(host=socket.gethostname(), folder=self.folder, ports=ports, nodes=nodes)
        (self.folder / "slurm.conf").write_text(conf)
        for number in range(4):
            (self.folder / f"gpu{number}").touch()
        (self.folder / "gres.conf").write_text(f"NodeName={nodes} Name=gpu File={self.folder}/gpu[0-3]\n")
        (self.folder / "job_submit.lua").write_text(RULE)

    def _start_munge(self) -> None:
        munge = self.folder / "munge"
        (munge / "key").write_bytes(os.urandom(128))
        (munge / "key").chmod(0o600)
        self._start(
            "munged", "--foreground", "--force", f"--socket={munge}/socket", f"--key-file={munge}/key",
            f"--pid-file={munge}/pid", f"--seed-file={munge}/seed", f"--log-file={munge}/log", log="munged",
        )  # fmt: skip
        self._wait((munge / "socket").exists)

    def _start(self, *command: str, log: str) -> None:
        with (self.folder / f"{log}.out").open("ab") as out:
            self._daemons.append(
                subprocess.Popen(command, env={**os.environ, **self.environment}, stdout=out, stderr=out)
            )

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if gone := [daemon.args for daemon in self._daemons if daemon.poll() is not None]:
                raise RuntimeError(f"{gone[0]!r} has ended; its log is in {self.folder}")
            assert time.monotonic() < deadline, "the cluster takes too long"
            time.sleep(0.1)


def _free_ports() -> list[int]:
    """A port of the controller, and two neighbours for the nodes."""
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            first = int(one.getsockname()[1])
        try:
            for port in (first, first + 1, first + 2):
                with socket.socket() as tried:
                    tried.bind(("127.0.0.1", port))
        except OSError:
            continue
        return [first, first + 1, first + 2]


if __name__ == "__main__":
    if reason := missing():
        sys.exit(reason)
    with SlurmCluster(Path(sys.argv[1]).resolve()) as cluster:
        print(f"export SLURM_CONF={cluster.environment['SLURM_CONF']}", flush=True)
        ends = [signal.SIGINT, signal.SIGTERM]
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # Only now: daemons would inherit it.
        signal.sigwait(ends)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)
