"""Important lines, each with a break and the test that must notice it. `make mutants` tries them all."""
