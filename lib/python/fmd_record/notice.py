# SPDX-License-Identifier: Apache-2.0
"""The one way in which this package speaks: a line on stderr."""
import sys


def say(line):
    """Never raises, whatever stderr is."""
    try:
        sys.stderr.write(f"fmd_record: {line}\n")
        sys.stderr.flush()
    except Exception:
        pass
