"""Seed passages: where they come from, and how they reach the pipeline."""
