"""What is kept in Redis: the reference data, and what each agent must remember beyond one batch."""
