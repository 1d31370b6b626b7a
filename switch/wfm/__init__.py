"""Work-force management: how many people should work here? Formulas, and simulation with the real router."""
