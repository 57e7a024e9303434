"""`python -m benchmarks`: every benchmark in turn, each in a process of its own."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run every module of this folder that prints a table; the number that failed is the exit code."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    failed = 0
    for name in names:
        print(f"\n== {name} ==", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
