"""Runs Vigie on one machine: the embedded Kafka and Valkey, the agents' processes, and the addresses of servers that run
elsewhere."""
