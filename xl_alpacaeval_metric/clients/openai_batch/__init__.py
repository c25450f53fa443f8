"""The client for OpenAI's Batch API."""
