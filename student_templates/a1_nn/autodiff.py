"""Part 1.7: reverse-mode automatic differentiation on arrays.

Computing with Tensors builds a graph: each result remembers the tensors it came from
and how a gradient flows back to each of them. `backward()` walks that graph from the
result to its inputs. This module stands alone: NumPy is all it needs.
"""

from collections.abc import Callable, Sequence
from typing import Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Tensor", "as_tensor", "sum_to_shape"]

Array = NDArray[np.float64]
Pull = Callable[[Array], Array]
Operand = Union["Tensor", ArrayLike]


def sum_to_shape(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: sum a gradient over the axes along which an array was repeated.

    If x of `shape` was broadcast to the shape of `gradient`, an entry of x was used in
    several places, and its gradient is the sum over these places.

    Args:
        gradient: float, of any shape to which `shape` can be broadcast; unchanged.
        shape: of the array before broadcasting, such as (3,), (2, 1) or ().

    Returns:
        Float, of exactly `shape`; the gradient itself or a copy if the shapes are equal.

    Source:
        NumPy's manual, "Broadcasting": https://numpy.org/doc/stable/user/basics.broadcasting.html
    """
    raise NotImplementedError("sum_to_shape is not written yet")


class Tensor:
    """An array that knows how it was computed.

    Attributes:
        data: float64 array, a copy of what the tensor was made from.
        grad: float64 array of data's shape: zeros at first, afterwards the sum of what all
            calls of `backward` have brought.
        parents: for each tensor that this one was computed from, a pair (tensor, pull).
            `pull` maps the gradient of this tensor, of data's shape, to the part of the
            gradient of that tensor, of that tensor's shape, which flows back this way.
            Empty for a tensor that was made from numbers. This is one way to remember the
            graph; another that keeps `data`, `grad` and `Tensor(data)` is as good.

    In an operation each operand may be a Tensor, a number or an array, and at least one is
    a Tensor: `t + 1`, `1 + t`, `array @ t`. Every result is a new Tensor; operands do not
    change, and NumPy's broadcasting rules apply. A graph is used as it was built: nobody
    changes `data` between an operation and `backward`.
    """

    # NumPy would take `array * t` apart and multiply entry by entry. This makes it leave
    # the operation to __rmul__ and the other mirrored operators below.
    __array_ufunc__ = None

    def __init__(self, data: ArrayLike, parents: Sequence[tuple["Tensor", Pull]] = ()) -> None:
        self.data: Array = np.array(data, dtype=np.float64)
        self.grad: Array = np.zeros(self.data.shape)
        self.parents = tuple(parents)

    def __radd__(self, other: Operand) -> "Tensor":
        return as_tensor(other) + self

    def __rsub__(self, other: Operand) -> "Tensor":
        return as_tensor(other) - self

    def __rmul__(self, other: Operand) -> "Tensor":
        return as_tensor(other) * self

    def __rtruediv__(self, other: Operand) -> "Tensor":
        return as_tensor(other) / self

    def __rmatmul__(self, other: Operand) -> "Tensor":
        return as_tensor(other) @ self

    @property
    def T(self) -> "Tensor":  # noqa: N802 - NumPy's name for it
        """The axes in reverse order, as a new Tensor in the graph: written `t.T`, without brackets."""
        raise NotImplementedError("Tensor.T is not written yet")

    def __add__(self, other: Operand) -> "Tensor":
        """Sum, entry by entry: z = a + b.

            dJ/da = dJ/dz,  dJ/db = dJ/dz,  each summed to its operand's shape

        Args:
            other: broadcastable with this tensor.
        """
        raise NotImplementedError("Tensor.__add__ is not written yet")

    def __neg__(self) -> "Tensor":
        """Negative, entry by entry."""
        raise NotImplementedError("Tensor.__neg__ is not written yet")

    def __sub__(self, other: Operand) -> "Tensor":
        """Difference, entry by entry: z = a - b."""
        raise NotImplementedError("Tensor.__sub__ is not written yet")

    def __mul__(self, other: Operand) -> "Tensor":
        """Product, entry by entry: z = a * b.

            dJ/da = dJ/dz * b,  dJ/db = dJ/dz * a,  each summed to its operand's shape

        Args:
            other: broadcastable with this tensor.
        """
        raise NotImplementedError("Tensor.__mul__ is not written yet")

    def __truediv__(self, other: Operand) -> "Tensor":
        """Quotient, entry by entry: z = a / b; no entry of b is 0."""
        raise NotImplementedError("Tensor.__truediv__ is not written yet")

    def __pow__(self, exponent: float) -> "Tensor":
        """Power with a constant exponent, entry by entry: z = a ** k.

            dJ/da = dJ/dz * k * a ** (k - 1)

        Args:
            exponent: k, an int or a float; a Tensor or array is not asked for. The
                entries are positive where k is not whole, and not 0 where k < 1.
        """
        raise NotImplementedError("Tensor.__pow__ is not written yet")

    def __matmul__(self, other: Operand) -> "Tensor":
        """Matrix product: z = a @ b.

            dJ/da = dJ/dz @ b^T,  dJ/db = a^T @ dJ/dz

        Args:
            other: (K, M), if this tensor is (N, K). Both have exactly two axes.

        Returns:
            (N, M).
        """
        raise NotImplementedError("Tensor.__matmul__ is not written yet")

    def exp(self) -> "Tensor":
        """Exponential, entry by entry."""
        raise NotImplementedError("Tensor.exp is not written yet")

    def log(self) -> "Tensor":
        """Natural logarithm, entry by entry; every entry is positive."""
        raise NotImplementedError("Tensor.log is not written yet")

    def relu(self) -> "Tensor":
        """max(x, 0), entry by entry; the gradient at x = 0 is 0."""
        raise NotImplementedError("Tensor.relu is not written yet")

    def sigmoid(self) -> "Tensor":
        """1 / (1 + exp(-x)), entry by entry; finite, with a finite gradient, for |x| <= 1000."""
        raise NotImplementedError("Tensor.sigmoid is not written yet")

    def sum(self, axis: int | None = None, keepdims: bool = False) -> "Tensor":
        """Sum over all entries, or along one axis.

            every entry that is added gets the gradient of the sum that it is in

        Args:
            axis: None for all entries; else a whole number, counted from the end if negative.
            keepdims: keep what is summed as axes of size 1, as NumPy does.

        Returns:
            Shape () if axis is None and keepdims is not set; otherwise as NumPy's sum.
        """
        raise NotImplementedError("Tensor.sum is not written yet")

    def mean(self, axis: int | None = None, keepdims: bool = False) -> "Tensor":
        """Mean over all entries, or along one axis: the sum divided by how many are added.

        Args:
            axis: as in `sum`.
            keepdims: as in `sum`.
        """
        raise NotImplementedError("Tensor.mean is not written yet")

    def reshape(self, *shape: int) -> "Tensor":
        """The same entries in the same order in another shape: `t.reshape(2, 3)`.

        Args:
            shape: whole numbers; one of them may be -1, as in NumPy.
        """
        raise NotImplementedError("Tensor.reshape is not written yet")

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Add the gradient of this tensor to `grad` of every tensor it was computed from.

            for each tensor, from this one back to the inputs:
                g = sum over all its uses of pull(gradient of the use)
                grad = grad + g

        A tensor passes its gradient on once it has received it from all of its uses, so
        the order is a topological one. The work grows with the number of tensors, however
        often each is used, and a chain of thousands of operations must not end in a
        RecursionError.

        Calling it twice adds the same gradient twice, to every tensor in the graph: what an
        earlier call left in `grad` is never passed on. No array of the graph but `grad`
        changes, and neither does the argument.

        Args:
            gradient: dJ / d self of some quantity J, of data's shape. None stands for 1 and
                is allowed only where `data` holds exactly one number, of shape () or (1, 1),
                for example.

        Returns:
            None; `self.grad` receives the argument (or 1) too.

        Raises:
            ValueError: if `gradient` is None and `data` holds more than one number, or if
                `gradient` has another shape than `data`.

        Source:
            Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine
            learning: a survey" (2018), section 3.2.
        """
        raise NotImplementedError("Tensor.backward is not written yet")


def as_tensor(value: Operand) -> Tensor:
    """Return a Tensor as it is, and anything else as a new Tensor."""
    return value if isinstance(value, Tensor) else Tensor(value)
