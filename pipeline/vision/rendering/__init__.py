"""Draws plates, pictures and videos, each with its truth, for the demo, the simulation and the tests."""
