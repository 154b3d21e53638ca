"""Simulated worlds: graphs of skills, items, and students whose true state nobody who teaches them can see."""
