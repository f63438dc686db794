"""What flows: the messages, the topics that carry them and the ids that name them. Standard library and msgspec only."""
