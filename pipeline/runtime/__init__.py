"""What every process has: settings, log, clock, and the way to Kafka."""
