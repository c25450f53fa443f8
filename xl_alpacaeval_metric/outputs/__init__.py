"""Outputs of a model, measured without a judge."""
