"""The process of a command, and its children: streams, signals, and how they end."""
