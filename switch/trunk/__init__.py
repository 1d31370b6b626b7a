"""Carriers: who is calling us, numbers in their form and ours, which gateway next, how many channels."""
