"""Second opinions: what must come of a history, worked out from the written rules alone and by brute force.

Nothing in here imports a decision of the pipeline: an oracle that shares an assumption with the code proves nothing.
"""
