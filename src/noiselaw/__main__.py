"""``python -m noiselaw`` is the command line."""

from __future__ import annotations

from noiselaw.cli import main

if __name__ == "__main__":
    main()
