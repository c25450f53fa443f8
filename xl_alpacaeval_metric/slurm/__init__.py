"""Slurm: the options that a site demands, the script of a job, and the queue."""
