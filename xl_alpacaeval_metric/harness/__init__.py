"""What the tasks of lm-evaluation-harness use: judging all answers of a task, and its figures."""
