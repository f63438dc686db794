"""The fault harness: real agents, real servers, seeded faults, and a comparison with the truth. `python -m tests.faults --help`."""
