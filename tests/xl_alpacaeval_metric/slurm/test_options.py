"""Options of sbatch: all that a site may demand goes through; GPUs, CPUs and memory fit the job."""

import sys

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.slurm.options import Needs, parse, site

ONE_GPU, NO_GPU = Needs(gpus=1), Needs()


def test_every_option_goes_through() -> None:
    given = {"account": "ab12", "--reservation": "r", "mail_type": "END,FAIL", "nice": 5, "hold": True}
    chosen = site(given).sbatch(NO_GPU)
    expected = {"account": "ab12", "reservation": "r", "mail-type": "END,FAIL", "nice": "5", "hold": ""}
    assert chosen == {"cpus-per-task": "2", "mem": "8G", **expected}


@pytest.mark.parametrize(
    ("given", "with_gpu", "without"),
    [
        ({}, "cpus-per-task=6 mem=56G gpus=1", "cpus-per-task=2 mem=8G"),
        ({"gres": "nvme:1"}, "cpus-per-task=6 mem=56G gpus=1 gres=nvme:1", "cpus-per-task=2 mem=8G gres=nvme:1"),
        ({"gpus": "a100:2"}, "cpus-per-task=6 mem=56G gpus=a100:2", "cpus-per-task=2 mem=8G"),
        ({"gres": "gpu:h100:1"}, "cpus-per-task=6 mem=56G gres=gpu:h100:1", "cpus-per-task=2 mem=8G"),
        (
            {"tres-per-task": "gres/nvme=1,gres/gpu:a100=1"},
            "cpus-per-task=6 mem=56G tres-per-task=gres/nvme=1,gres/gpu:a100=1",
            "cpus-per-task=2 mem=8G tres-per-task=gres/nvme=1",
        ),
        (
            {"tres-per-task": "cpu=8,gres/gpu:a100=1"},
            "mem=56G tres-per-task=cpu=8,gres/gpu:a100=1",
            "mem=8G tres-per-task=cpu=8",
        ),
        (
            {"tres-per-task": "cpu:8,gres/gpu:1", "cpu": {"tres-per-task": "cpu:2"}},
            "mem=56G tres-per-task=cpu:8,gres/gpu:1",
            "mem=8G tres-per-task=cpu:2",
        ),
        (
            {"gres": "gpu:1,nvme:100"},
            "cpus-per-task=6 mem=56G gres=gpu:1,nvme:100",
            "cpus-per-task=2 mem=8G gres=nvme:100",
        ),
        (
            {"gpus-per-node": 1, "mem-per-gpu": "60G", "cpus-per-gpu": 8},
            "gpus-per-node=1 mem-per-gpu=60G cpus-per-gpu=8",
            "cpus-per-task=2 mem=8G",
        ),
        ({"mem-per-cpu": "4G"}, "cpus-per-task=6 gpus=1 mem-per-cpu=4G", "cpus-per-task=2 mem-per-cpu=4G"),
        ({"mem": None}, "cpus-per-task=6 gpus=1", "cpus-per-task=2"),
        ({"exclusive": True}, "gpus=1 exclusive=", "exclusive="),
        (
            {"partition": "gpu", "cpu": {"partition": "small", "mem": "2G"}},
            "cpus-per-task=6 mem=56G gpus=1 partition=gpu",
            "cpus-per-task=2 mem=2G partition=small",
        ),
    ],
)
def test_resources_fit_what_the_job_uses(given: dict[str, object], with_gpu: str, without: str) -> None:
    for needs, expected in ((ONE_GPU, with_gpu), (NO_GPU, without)):
        chosen = site(given).sbatch(needs)
        assert {f"{name}={value}" for name, value in chosen.items()} == set(expected.split())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"gpus": "a100:1"}, {"gpus": "a100:2"}),
        ({"gpus-per-node": 1}, {"gpus-per-node": "2"}),
        ({"gres": "nvme:1,gpu:a100:1"}, {"gres": "nvme:1,gpu:a100:2"}),
        ({"gres": "gpu:a100:1(S:0)"}, {"gres": "gpu:a100:2(S:0)"}),
        ({"gres": "gpu"}, {"gres": "gpu:2"}),
        ({"tres-per-task": "gres/gpu:a100=1"}, {"tres-per-task": "gres/gpu:a100=2"}),
        ({"tres-per-task": "gres/nvme:1"}, {"tres-per-task": "gres/nvme:1", "gpus": "2"}),
        ({"gres": "gpu:4"}, {"gres": "gpu:4"}),
    ],
)
def test_a_job_of_two_gpus_gets_them_from_a_site_of_one(given: dict[str, object], expected: dict[str, str]) -> None:
    chosen = site(given).sbatch(Needs(gpus=2))
    assert chosen == {"cpus-per-task": "12", "mem": "112G", **expected}


@pytest.mark.parametrize(
    ("given", "gpus"),
    [
        ({}, None),
        ({"gpus": 4}, 4),
        ({"gpus": "a100:2"}, 2),
        ({"gres": "nvme:100"}, None),
        ({"gres": "nvme:1,gpu:a100:8(S:0-1)"}, 8),
        ({"gres": "gpu"}, 1),
        ({"tres-per-task": "gres/gpu=4"}, 4),
        ({"gpus_per_node": "3"}, 3),
    ],
)
def test_gpus_are_counted_however_they_are_asked_for(given: dict[str, object], gpus: int | None) -> None:
    assert site(given).gpus == gpus


def test_what_is_typed_stays_text() -> None:
    texts = ["account=007,nodelist=n[1,3],n5,constraint=a&b,comment=x=y", "cpu.partition=small,exclusive=true"]
    assert parse(texts) == {
        "account": "007",
        "nodelist": "n[1,3],n5",
        "constraint": "a&b",
        "comment": "x=y",
        "cpu.partition": "small",
        "exclusive": "true",
    }
    assert site(parse(texts)).without_gpus == {"partition": "small"}


def test_lines_before_the_command() -> None:
    given = {"setup": ["module purge", "module load cuda/12"], "launcher": "apptainer exec --nv x.sif", "python": "/py"}
    found = site(given)
    assert (found.setup, found.launcher, found.python) == (
        ("module purge", "module load cuda/12"),
        "apptainer exec --nv x.sif",
        "/py",
    )
    assert site({"setup": "a\nb\n"}).setup == ("a", "b")
    assert site({}).python == sys.executable


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time": 36000}, "in quotes"),
        ({"time": "banana"}, "no time limit"),
        ({"gpus": "two"}, "gpus is 'two'"),
        ({"gpus": 0}, "gpus is '0'"),
        ({"output": "x"}, "output is set by this command"),
        ({"sbatch_args": "account=x"}, "sbatch_args is not taken any more"),
        ({"A": "x"}, "'A' is no long name"),
        ({"account": "x\n#SBATCH --uid=0"}, "line end"),
        ({"account": {"a": 1}}, "account is"),
        ({"mem_per_cpu": 1, "mem-per-cpu": 2}, "mem-per-cpu is there twice"),
        ({"nodes": 2}, "nodes is 2; need 1"),
        ({"cpu": "small"}, "cpu is 'small'"),
        ({"cpu": {"wrap": "x"}}, "cpu: wrap is set by this command"),
        ({"setup": 3}, "setup is '3'"),
    ],
)
def test_what_cannot_be_is_one_line(given: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=r"^(--)?(slurm|gpus)") as caught:
        site(given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("texts", "said"), [(["x"], "'x' is not of the form"), (["a=1", "a=2"], "a is there twice")])
def test_what_is_typed_wrongly_is_one_line(texts: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse(texts)
