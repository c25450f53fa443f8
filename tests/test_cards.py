import yaml

from tests.helpers import ROOT


def test_the_metric_s_card_has_the_front_matter_of_a_space() -> None:
    _, front, body = (ROOT / "cards" / "metric" / "README.md").read_text("utf-8").split("---\n", 2)
    card = yaml.safe_load(front)
    assert card["sdk"] == "gradio"
    assert card["tags"] == ["evaluate", "metric"]
    assert (ROOT / "cards" / "metric" / card["app_file"]).is_file()
    assert "# XL-AlpacaEval" in body
