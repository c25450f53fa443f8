"""The client for OpenAI-compatible endpoints."""

from xl_alpacaeval_metric.clients.openai.client import OpenAIClient

__all__ = ["OpenAIClient"]
