"""Commands for runs on a cluster: what they need, what they take, and many at once."""
