"""Sequential judging: looks at a part of the verdicts, and rules that stop early."""
