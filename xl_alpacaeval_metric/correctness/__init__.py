"""Answers to closed questions: whether the facts that a right answer must name are in it."""

from xl_alpacaeval_metric.correctness.facts import facts, is_correct, rate

__all__ = ["facts", "is_correct", "rate"]
