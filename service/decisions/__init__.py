"""Logged decisions: read, made again from history, model and catalog, joined with what came of them, and judged."""
