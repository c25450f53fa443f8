"""Charts as Vega-Lite specifications: forest plots and heat maps.

Colours are those of `COLOURS` and no others, so that a page can exchange them in the dark. Series
differ in shape as well as in colour.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Spec = Mapping[str, Any]

INK, SOFT, LINE, EDGE = "#1b2324", "#5b6769", "#d9dfdf", "#fefefe"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#aa4499")
"""Three of Okabe & Ito (2008, Color Universal Design) and one of Tol's (2021, muted)."""
SHAPES = ("circle", "diamond", "square", "triangle-up")
WIDTH, NARROW = 600, 120
"""Of a chart that stands alone, in points; of one on the screen of a phone."""
_NAME = 34
"""Characters in a line of a name; longer names go on in the next."""
_NO_TEXT = re.compile("[^\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 or a line of text does not allow, and bidi controls; vl-convert aborts on some."""
_LINE = 14
"""Height of a line of a name, in points."""
_IN_LINES: Spec = {"labelExpr": "split(datum.label, '\\n')"}
_BESIDE_ROWS: Spec = {
    **_IN_LINES,
    "labelLineHeight": _LINE,
    # Vega puts the first line of a label at its row's middle.
    "labelOffset": {
        "condition": [
            {"test": f"length(split(datum.label, '\\n')) == {lines}", "value": -(lines - 1) * _LINE / 2}
            for lines in range(2, 6)
        ],
        "value": 0,
    },
}

CONFIG: Spec = {
    "font": "Arial, 'Liberation Sans', Helvetica, sans-serif",
    "aria": False,  # The page says what a chart shows, and has its table.
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": SOFT,
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "labelFontSize": 12,
        "labelLimit": 0,
        "labelPadding": 8,
        "labelFlush": False,
        "gridColor": LINE,
        "domain": False,
        "ticks": False,
    },
    "legend": {"orient": "top", "title": None, "labelLimit": 0, "labelColor": INK, "labelFontSize": 12},
    "header": {
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelFontWeight": "bold",
        "labelAnchor": "start",
    },
}


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of a series in a row of a forest plot, with its interval.

    `note` stands in the place of a figure that is None; `text` is written at the row's end.
    """

    row: str
    series: str
    value: float | None
    interval: tuple[float, float] | None = None
    note: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A percentage in a heat map; `panel` is the heat map that it belongs to."""

    panel: str
    row: str
    column: str
    percent: float


def forest(points: Sequence[Point], title: str, domain: tuple[float, float], *, rule: float | None = None) -> Spec:
    """Figures with their intervals, a line for each row, from the first row to the last.

    Up to four series share a row; of more, each row is a panel with a line for each series. `rule`
    is a value to compare with.
    """
    rows = list(dict.fromkeys(_lines(point.row) for point in points))
    series = list(dict.fromkeys(_lines(point.series) for point in points))
    panels = len(series) > len(SERIES)
    x = {"type": "quantitative", "scale": {"domain": list(domain), "nice": False, "zero": False}}
    x |= {"title": title, "axis": {"tickCount": 5}}
    y: dict[str, Any] = {"field": "row", "type": "nominal", "sort": rows, "title": None, "axis": _BESIDE_ROWS}
    encoding: dict[str, Any] = {"y": y}
    colour: Spec = {"value": SERIES[0]}
    shape: dict[str, Any] = {"value": SHAPES[0]}
    if panels:
        y |= {"field": "series", "sort": series}
    elif len(series) > 1:
        encoding["yOffset"] = {"field": "series", "sort": series}
        scale = {"domain": series, "range": list(SERIES[: len(series)])}
        across = max(1, 100 // (max(map(_width, series)) + 6))
        colour = {"field": "series", "type": "nominal", "scale": scale, "legend": {**_IN_LINES, "columns": across}}
        shape = {"field": "series", "type": "nominal", "scale": {**scale, "range": list(SHAPES[: len(series)])}}
        shape["legend"] = colour["legend"]
    marks: list[Spec] = []
    if rule is not None:
        line = {"type": "rule", "color": SOFT, "strokeDash": [4, 3]}
        marks.append({"mark": line, "data": {"values": [{"rule": rule}]}, "encoding": {"x": {"field": "rule", **x}}})
    interval = {"x": {"field": "low", **x}, "x2": {"field": "high"}, "color": colour}
    marks += [
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {**encoding, **interval}},
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {**encoding, "x": {"field": "value", **x}, "color": colour, "shape": shape},
        },
    ]
    if any(point.note for point in points):
        note = {"type": "text", "align": "left", "color": SOFT, "fontStyle": "italic", "dx": 4}
        where = {"x": {"datum": domain[0], **x}, "text": {"field": "note"}}
        marks.append({"mark": note, "transform": [{"filter": "datum.note"}], "encoding": {**encoding, **where}})
    if any(point.text for point in points):
        text = {"type": "text", "align": "left", "color": INK, "dx": 12, "fontSize": 12}
        marks.append({"mark": text, "encoding": {**encoding, "x": {"value": "width"}, "text": {"field": "text"}}})
    values = [_value(point) for point in points]
    if panels:
        across = 3 if max(map(_width, series)) < 30 else 2
        inner = {"layer": marks, "width": 200, "height": {"step": _step(17, series)}}
        facet = {"field": "row", "type": "nominal", "sort": rows, "header": _IN_LINES}
        return _chart(values, _panels(facet, inner, rows, across))
    step = _step(26 if len(series) == 1 else 12 + 12 * len(series), rows)
    return _chart(values, {"layer": marks, "width": WIDTH, "height": {"step": step, "for": "position"}})


def heat_map(cells: Sequence[Cell], rows: str, columns: str, *, zeros: bool = True) -> Spec:
    """Percentages by row and column, darker where more; a heat map for each panel.

    Without `zeros` the cells of what rounds to 0 have no figure in them.
    """
    values = [
        {"panel": _lines(cell.panel), "row": _lines(cell.row), "column": _lines(cell.column), "percent": cell.percent}
        for cell in cells
    ]
    order = {axis: list(dict.fromkeys(str(value[axis]) for value in values)) for axis in ("row", "column", "panel")}
    y = {"field": "row", "type": "nominal", "sort": order["row"], "title": rows, "axis": _BESIDE_ROWS}
    x: dict[str, Any] = {"field": "column", "type": "nominal", "sort": order["column"], "title": columns}
    x |= {"axis": {"labelAngle": -40, "orient": "bottom"}}
    place = {"x": x, "y": y}
    # One colour, more or less of it, which a dark page shows as well.
    amount: dict[str, Any] = {"field": "percent", "type": "quantitative", "legend": None}
    amount |= {"scale": {"domain": [0, 100], "range": [0.06, 1]}}
    dark = {"condition": {"test": "datum.percent > 55", "value": EDGE}, "value": INK}
    figure = {
        "test": "true" if zeros else "datum.percent >= 0.5",
        "field": "percent",
        "type": "quantitative",
        "format": ".0f",
    }
    marks = [
        {"mark": {"type": "rect", "color": SERIES[0]}, "encoding": {**place, "fillOpacity": amount}},
        {
            "mark": {"type": "text", "fontSize": 11},
            "encoding": {**place, "text": {"condition": figure, "value": ""}, "color": dark},
        },
    ]
    inner: dict[str, Any] = {"layer": marks, "width": {"step": 31}, "height": {"step": _step(24, order["row"])}}
    if len(order["panel"]) == 1:
        return _chart(values, inner)
    facet = {"field": "panel", "type": "nominal", "sort": order["panel"], "header": _IN_LINES}
    across = 2 if len(order["column"]) <= 15 else 1
    return _chart(values, _panels(facet, inner, order["panel"], across))


def narrow(spec: Spec) -> Spec:
    """The chart for the screen of a phone: panels and legends one below the other."""
    config = {**CONFIG, "legend": {**CONFIG["legend"], "columns": 1}}
    if "facet" in spec:
        return {**spec, "config": config, "columns": 1, "resolve": {}}
    if spec["width"] != WIDTH:  # A heat map.
        return {**spec, "config": config}
    at_the_end = any(value["text"] for value in spec["data"]["values"])
    return {**spec, "config": config, "width": NARROW if at_the_end else 2 * NARROW}


def _panels(facet: Spec, inner: Spec, names: Sequence[str], across: int) -> Spec:
    """A panel for each name, in rows; each with its axis where the last row is shorter."""
    found = {"facet": facet, "columns": across, "spacing": 24, "spec": inner}
    return {**found, "resolve": {"axis": {"x": "independent"}}} if len(names) % across else found


def _step(least: int, names: Sequence[str]) -> int:
    """The height of a row, in points, in which the longest of these names has room."""
    return max(least, 4 + _LINE * max((name.count("\n") + 1 for name in names), default=1))


def _width(name: str) -> int:
    """Characters in the longest line of a name."""
    return max(map(len, name.split("\n")))


def _chart(values: Sequence[Spec], rest: Spec) -> Spec:
    return {"data": {"values": list(values)}, "config": CONFIG, "padding": 4, **rest}


def _value(point: Point) -> dict[str, object]:
    low, high = point.interval or (None, None)
    found = {"row": _lines(point.row), "series": _lines(point.series), "value": point.value, "low": low, "high": high}
    return {**found, "note": _lines(point.note), "text": _NO_TEXT.sub("\ufffd", point.text)}


def _lines(name: str) -> str:
    """A name in lines of a readable length; no part of it is lost, but for what SVG cannot hold."""
    name = _NO_TEXT.sub("\ufffd", name)
    return "\n".join(textwrap.wrap(name, _NAME, break_on_hyphens=True)) if len(name) > _NAME else name
