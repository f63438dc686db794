"""Simulates a road network with vehicles: their reads, their pictures, and the truth of what the platform must make of them."""
