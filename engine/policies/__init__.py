"""Rules that choose the next item: ours and the peers', on one small interface, their parameters as data."""
