"""Runs a program at a terminal of its own, for one that speaks to people only, and ends with its exit code."""
import os
import pty
import sys

sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
