"""Decides what a neighbouring country may be told, and writes and signs the message. Pure: no server, no clock."""
