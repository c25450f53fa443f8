"""Where the tasks of a sweep run: on this machine, on Ray, under Slurm."""
