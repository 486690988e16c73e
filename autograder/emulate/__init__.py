"""Does with a built zip what Gradescope does: builds the image, runs a submission, reads the results.

The command line imports it. It knows what stands in Gradescope's documentation about
zips, folders, time-outs and results.json, and nothing of what is in a zip. `Emulator`
works in a folder of this machine, `DockerEmulator` in real containers. Linux only.
"""

from autograder.emulate.docker import DockerEmulator
from autograder.emulate.local import Emulator
from autograder.emulate.outcome import Build, EmulatedRun

__all__ = ["Build", "DockerEmulator", "EmulatedRun", "Emulator"]
