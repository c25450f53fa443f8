"""The client for OpenAI's Batch API."""

from xl_alpacaeval_metric.clients.openai_batch.client import BatchClient

__all__ = ["BatchClient"]
