"""Raises SystemExit(0) while it is imported.

Threat: A2.
"""

import sys

sys.exit(0)
