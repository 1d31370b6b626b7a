"""`python -m tests.fuzz.chaos SEED [STEPS]`: replay one run, and make it short where it fails."""

import sys

from tests.fuzz.chaos.run import failure_of, numbers_of, told

if __name__ == "__main__":
    numbers = numbers_of(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 150)
    failed = failure_of(numbers)
    print(told(numbers) if failed else "nothing failed")
    raise SystemExit(bool(failed))
