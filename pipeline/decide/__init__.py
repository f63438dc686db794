"""Decides a whole history in one process, with the agents' own decisions and without servers."""
