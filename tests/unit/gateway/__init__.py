"""What makers' cameras send, and what becomes of it."""
