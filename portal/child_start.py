"""Runs as `python -I child_start.py SECONDS MEMORY MAY_FORK FILE_BYTES SCRIPT …`: sets limits of the operating system, then becomes
the script. It imports nothing of the portal; the limits must come before any library is loaded."""

import math
import resource
import runpy
import sys


def limit(seconds: float, memory_bytes: int, *, may_fork: bool, file_bytes: int) -> None:
    """Limit this process, from now on and for all it starts."""
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: math.ceil(seconds),
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    if not may_fork:
        limits[resource.RLIMIT_NPROC] = 0
    for what, most in limits.items():
        _soft, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most, most) if hard == resource.RLIM_INFINITY else (min(most, hard), hard))


if __name__ == "__main__":
    limit(float(sys.argv[1]), int(sys.argv[2]), may_fork=sys.argv[3] == "1", file_bytes=int(sys.argv[4]))
    sys.argv = sys.argv[5:]
    runpy.run_path(sys.argv[0], run_name="__main__")
