"""The errors that a person reads. Imports nothing, so every module may use it.

An error has three parts, and its text is the three in a row: where it is, what
is wrong there, and what to do about it.
"""

__all__ = [
    "AutograderError",
    "BundleError",
    "EmulatorError",
    "IntakeError",
    "ManifestError",
    "MistakeError",
    "ResultsError",
    "SandboxError",
    "TemplateError",
    "UsageError",
    "WireError",
]


class AutograderError(Exception):
    """An explained problem.

    Args:
        place: file, key, test or program that the problem is in.
        problem: one sentence: what is wrong.
        remedy: one sentence: what to do.
    """

    def __init__(self, place: object, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem} {remedy}")
        self.place = str(place)
        self.problem = problem
        self.remedy = remedy


class UsageError(AutograderError):
    """The command line asks for something that is not there."""


class ManifestError(AutograderError):
    """An assignment.toml that does not say what it must."""


class TemplateError(AutograderError):
    """A reference whose solution markers cannot be turned into a stub."""


class MistakeError(AutograderError):
    """A mistakes.toml that does not fit its reference or its graders."""


class ResultsError(AutograderError):
    """Results that do not fit Gradescope's schema, or cannot be written."""


class WireError(AutograderError):
    """A message from or to a sandbox that is not plain data, or is too large."""


class SandboxError(AutograderError):
    """A sandbox or the fork server cannot be started or has gone away."""


class IntakeError(AutograderError):
    """A submission that cannot be taken in as it was handed in."""


class BundleError(AutograderError):
    """A zip that cannot be built."""


class EmulatorError(AutograderError):
    """A zip that cannot be built or run as Gradescope would."""
