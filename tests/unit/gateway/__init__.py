"""Tests of the gateway: what makers' cameras send, and what becomes of it."""
