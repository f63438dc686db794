"""Plays a small Belgian network through the whole platform and compares the results with the truth."""
