"""Trials of policies on simulated students: parameters from other students' logs, then the same students for each."""
