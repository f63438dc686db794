"""Deciding a whole history in one process: the very decisions of the agents, without servers."""
