"""Options that several commands share, as types and records, and what their values stand for."""
