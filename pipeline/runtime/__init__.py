"""What every process needs: settings, log, clock, accounts, and the connection to Kafka."""
