"""A neighbour's desk: the receiver of forwards, the client that delivers to it, and the keys of both."""
