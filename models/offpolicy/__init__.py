"""What another policy would have been worth, told from decisions that were logged with their propensities.

A decision counts by itself: its value is that of giving what the target policy gives once, where the logging policy
had brought the student, and going on as before. That is what a log can answer; what a policy does over weeks is for a
simulation or a trial.
"""

from models.offpolicy.decisions import Decisions
from models.offpolicy.judge import Judgement, Limits, judge

__all__ = ["Decisions", "Judgement", "Limits", "judge"]
