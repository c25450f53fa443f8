"""Models of the Hub or a folder, run in this process with transformers."""

from xl_alpacaeval_metric.clients.local.client import LocalClient

__all__ = ["LocalClient"]
