"""Who opens a judge closes it."""

import os
from pathlib import Path

import pytest

from tests.helpers import comparison
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric import Judge, score
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.pairwise import open_judge


class Closing(ScriptedClient):
    """Knows whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def is_closed(judge: Judge) -> bool:
    """Whether the judge's client sends no more requests."""
    try:
        list(judge.verdicts([(comparison(), "candidate_first")]))
    except Exception:
        return True
    return False


def test_a_judge_closes_the_client_that_it_opened() -> None:
    with JudgeServer() as server:
        with Judge.from_spec("openai/m", base_url=server.url, both_orders=True, seed=3) as judge:
            assert score([comparison()], judge).overall.n == 1
            assert not is_closed(judge)
            assert (judge.both_orders, judge.seed) == (True, 3)
        assert is_closed(judge)


def test_a_client_that_is_passed_in_stays_open() -> None:
    client = Closing(lambda _: "A")
    with Judge(client) as judge, open_judge(judge) as same:
        assert same is judge
        score([comparison()], same)
    assert not client.closed


def test_replies_are_kept_in_the_cache(tmp_path: Path) -> None:
    with JudgeServer() as server:
        for _ in range(2):
            with Judge.from_spec("openai/m", base_url=server.url, cache=tmp_path / "replies.sqlite") as judge:
                assert score([comparison()], judge).overall.n == 1
        assert server.stats()["requests"] == 1 + 2  # A probe for each judge.
        (tmp_path / "text").write_text("no database, whatever its name" * 100)
        with pytest.raises(UserError, match="give another file"):
            Judge.from_spec("openai/m", base_url=server.url, cache=tmp_path / "text")


def test_none_is_no_judge_and_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(os.environ, "XL_JUDGE", raising=False)
    with open_judge("none") as judge:
        assert judge is None
    with pytest.raises(UserError, match="no judge is set: name one"), open_judge(None, how_to_set="name one"):
        pass
    monkeypatch.setitem(os.environ, "XL_JUDGE", "none")
    with open_judge(None) as judge:
        assert judge is None
    with pytest.raises(UserError, match="judge 'none' names no model"):
        Judge.from_spec("none")
    with pytest.raises(UserError, match="judge is int; need a Judge"), open_judge(5):  # type: ignore[arg-type]
        pass
