"""What outlives the process: accounts, the journal and the records made from it, by SQL."""
