"""Answers to closed questions: whether the facts that a right answer must name are in it."""

from xl_alpacaeval_metric.correctness.facts import as_json, check, facts, is_correct, of_answer, rate

__all__ = ["as_json", "check", "facts", "is_correct", "of_answer", "rate"]
