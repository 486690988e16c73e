"""What a failed comparison tells a student: pure functions over plain values.

`grading` turns a Mismatch into a failed test; others may import it to compare
numbers. It knows no process, no pytest and no assignment, and imports torch
only where somebody else already has.

    values     what a value is: number, array, tensor or something else
    shapes     what a wrong shape looks like
    case       a wrong result beside the right one, and what the test knows
    factors    relations between the numbers: factors, terms, offsets
    places     relations between places: axes, rows, where nan stands
    diagnosis  which relation is told
    mismatch   the comparison and its message
"""

from autograder.compare.mismatch import GradingFailure, Mismatch, compare, compare_at, shape_mismatch
from autograder.compare.values import clean, describe, dtype_name, show, to_array

__all__ = [
    "GradingFailure",
    "Mismatch",
    "clean",
    "compare",
    "compare_at",
    "describe",
    "dtype_name",
    "shape_mismatch",
    "show",
    "to_array",
]
