"""The phases of a job, their shards and their executors."""
