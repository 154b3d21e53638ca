"""The parts of the rule by which the next item is chosen (:mod:`engine.recommend` puts them together).

Each part is a number by which a skill, or an item, is worth more or less, so that each can say what it did.
"""
