"""The charts as they are drawn: figures stand where they should, names are text and whole."""

import re
import sys

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.pages import charts, drawing
from xl_alpacaeval_metric.pages.charts import Cell, Point

HOSTILE = "</svg><script>alert(1)</script>"
LONG = "organisation-of-long-names/a-model-that-was-trained-on-very-many-things-v2-instruct"


def marks(svg: str) -> list[tuple[float, float]]:
    """The points of a forest plot: x and y of each."""
    found = re.findall(r'translate\(([\d.]+),([\d.]+)\)" d="[^"]*" fill="#0072b2"', svg)
    return [(float(x), float(y)) for x, y in found]


def test_figures_stand_where_they_should_from_the_first_row_to_the_last() -> None:
    values = [0.0, 25.0, 100.0, 60.0]
    points = [Point(f"row {k}", "one", value, (value / 2, value)) for k, value in enumerate(values)]
    found = marks(drawing.svg(charts.forest(points, "percent", (0, 100), rule=50)))
    assert [x for x, _ in found] == pytest.approx([charts.WIDTH * value / 100 for value in values])
    assert [y for _, y in found] == sorted(y for _, y in found)


def test_what_has_no_figure_has_its_note_in_the_place() -> None:
    points = [Point("one", "a", 30.0, (20.0, 40.0), text="30 (20 to 40)"), Point("two", "a", None, note="no judge")]
    svg = drawing.svg(charts.forest(points, "percent", (0, 100)))
    assert len(marks(svg)) == 1
    assert ">no judge</text>" in svg
    assert ">30 (20 to 40)</text>" in svg


@pytest.mark.parametrize("series", [1, 2, 4, 5, 20])
def test_series_differ_in_shape_or_have_lines_of_their_own(series: int) -> None:
    names = [f"model {k}" for k in range(series)]
    points = [Point(row, name, 50.0, (40.0, 60.0)) for row in ("German", "Finnish") for name in names]
    svg = drawing.svg(charts.forest(points, "percent", (0, 100)))
    colours = {colour for colour in charts.SERIES if f'fill="{colour}"' in svg}
    assert len(colours) == (series if series <= len(charts.SERIES) else 1)
    if series > len(charts.SERIES):
        assert all(f">{name}</text>" in svg for name in names)


@pytest.mark.parametrize("count", [1, 3, 6])
def test_names_are_text_and_none_is_cut(count: int) -> None:
    names = [HOSTILE, LONG, *(f"model {k}" for k in range(count))][-count - 1 :]
    points = [Point("German", name, 10.0) for name in (*names, HOSTILE, LONG)]
    for spec in (
        charts.forest(points, "percent", (0, 100)),
        charts.heat_map([Cell(point.series, point.row, "English", 10.0) for point in points], "asked", "answered"),
    ):
        svg = drawing.svg(spec)
        assert "<script" not in svg
        text = "".join(re.sub("<[^>]*>", "", svg).split())
        assert LONG in text
        assert "\u2026" not in text


@pytest.mark.parametrize("count", [2, 6, 20])
def test_names_in_several_lines_have_room(count: int) -> None:
    """The names beside the rows are those of the series where each row is a panel."""
    points = [Point(f"{LONG} {LONG}", f"{LONG}-{k}", 50.0) for k in range(count)]
    spec = charts.forest(points, "percent", (0, 100))
    lines = 3 if "facet" in spec else 6
    assert spec.get("spec", spec)["height"]["step"] >= 14 * lines


def test_a_heat_map_may_leave_its_zeros_out() -> None:
    cells = [Cell("", "de", "de", 0.4), Cell("", "de", "en", 99.6)]
    shown = [">0</text>" in drawing.svg(charts.heat_map(cells, "asked", "in", zeros=zeros)) for zeros in (True, False)]
    assert shown == [True, False]


@pytest.mark.parametrize("name", ["a\x00b\x1b[31m", "half \ud800", "\u202eevil", "two\nlines", "", "\uffff", "👩‍👩‍👧"])
def test_names_that_xml_does_not_allow_are_drawn_all_the_same(name: str) -> None:
    svg = drawing.svg(charts.forest([Point(name, one, 1.0, text=name) for one in (name, "b")], "percent", (0, 100)))
    svg += drawing.svg(charts.heat_map([Cell(one, name, name, 1.0) for one in (name, "b")], "asked", "answered"))
    assert not set("\x00\x1b\u202e\uffff") & set(svg)


def test_a_page_can_exchange_every_colour() -> None:
    """It does so by these values, in the dark."""
    known = {*charts.SERIES, charts.INK, charts.SOFT, charts.LINE, charts.EDGE, "none", "transparent"}
    points = [Point(row, name, 50.0, (40.0, 60.0), text="x") for row in "ab" for name in "cde"]
    points.append(Point("a", "f", None, note="no judge"))
    cells = [Cell("", "de", code, share) for code, share in (("de", 90.0), ("en", 10.0))]
    for spec in (charts.forest(points, "percent", (0, 100), rule=50), charts.heat_map(cells, "asked", "answered")):
        assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', drawing.svg(spec))) <= known


def test_a_chart_is_a_page_of_pdf() -> None:
    assert drawing.pdf(charts.forest([Point("a", "b", 1.0)], "percent", (0, 100))).startswith(b"%PDF-")


def test_without_vl_convert_the_message_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(UserError, match=r"vl-convert-python is not installed; run: pip install .*\[report\]"):
        drawing.svg(charts.forest([Point("a", "b", 1.0)], "percent", (0, 100)))
