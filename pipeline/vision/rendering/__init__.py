"""Drawn plates, pictures and videos with their truth: for the demo, the simulation and the tests."""
