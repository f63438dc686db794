"""A road network with vehicles on it: their reads, their pictures, and the truth of what must come of them."""
