"""The stream: the stage that every agent is built on, from what the broker sends to what it has acknowledged."""
