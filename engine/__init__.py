"""The mathematics of nextwise: no I/O, no clock, no global randomness.

Everything here is a pure function of its arguments. The two that matter:

- ``mastery = fold(model, history)``  (:mod:`engine.tracing`)
- ``recommendation = choose(tracer, state, policy, draw)``  (:mod:`engine.recommend`)
"""

__version__ = "0.1.0"
