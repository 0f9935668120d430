"""``python -m bench``: every benchmark one after the other; the exit code is 1 if any of them failed.

    python -m bench [--smallest] [name …]

With `--smallest` each runs with as little as it takes: the numbers mean nothing, but that it still runs is known. Names
are those of the scripts without ``_bench.py``; none means all.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

SMALLEST: Final = {
    "law": ["--claims", "2000", "--batch", "2000", "--bills", "50", "--rounds", "1"],
    "pages": ["--requests", "2", "--without-browser"],
    "population": ["--stays", "2000", "--rounds", "1"],
    "settlement": ["--rounds", "1", "--stays", "16", "--counters", "4"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(SMALLEST))
    parser.add_argument("--smallest", action="store_true", help="only see that each still runs")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(SMALLEST):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    failed = [name for name in wanted.names or SMALLEST if not runs(name, is_smallest=wanted.smallest)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def runs(name: str, *, is_smallest: bool) -> bool:
    script = Path(__file__).with_name(f"{name}_bench.py")
    print(f"\n== {script.name}", flush=True)
    return (
        subprocess.run([sys.executable, script, *(SMALLEST[name] if is_smallest else [])], check=False).returncode == 0
    )


if __name__ == "__main__":
    main()
