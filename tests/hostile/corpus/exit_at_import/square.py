"""Raises SystemExit(0) while it is imported, and leaves for good if that is caught."""

import sys

sys.exit(0)
