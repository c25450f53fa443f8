"""Charts drawn as SVG and PDF by vl-convert, which brings Vega-Lite along and needs no browser."""

from types import ModuleType

from xl_alpacaeval_metric.errors import MissingExtra
from xl_alpacaeval_metric.pages.charts import Spec

EXTRA = "report"


def svg(spec: Spec) -> str:
    """A Vega-Lite specification as an SVG element; raises UserError without vl-convert."""
    return str(_vl_convert().vegalite_to_svg(dict(spec)))


def pdf(spec: Spec) -> bytes:
    """A Vega-Lite specification as a page of PDF of its own size; raises UserError as `svg`."""
    return bytes(_vl_convert().vegalite_to_pdf(dict(spec)))


def _vl_convert() -> ModuleType:
    try:
        import vl_convert
    except ImportError:
        raise MissingExtra("vl-convert-python", EXTRA) from None
    return vl_convert
