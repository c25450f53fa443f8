"""Reports: tables for people, on the terminal."""
