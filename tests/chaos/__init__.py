"""Durability as a promise: the service under random faults, and what is left compared with what was acknowledged."""
