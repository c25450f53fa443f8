"""The Space: the metric's widget."""

import evaluate
from evaluate.utils import launch_gradio_widget

launch_gradio_widget(evaluate.load("xl_alpacaeval_metric"))
