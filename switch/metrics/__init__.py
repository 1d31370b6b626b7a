"""What operators watch: Prometheus metrics from the journal and from a snapshot, and interval reports."""
