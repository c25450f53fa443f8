"""Commands that start others, on one machine or on many."""

from xl_alpacaeval_metric.cli.cluster import sweep  # noqa: F401  # It registers its command.
