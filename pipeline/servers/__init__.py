"""Vigie on one machine: the embedded Kafka and Valkey, the processes, and where servers are that run elsewhere."""
