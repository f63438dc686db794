"""Matches reads with hotlist entries, and decides what becomes of a hit. Pure: no server, no clock."""
