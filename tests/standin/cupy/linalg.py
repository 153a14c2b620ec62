"""`cupy.linalg`, as far as minigpt could need it."""

from __future__ import annotations

import numpy as np

from cupy._array import call


def norm(x, ord=None, axis=None, keepdims=False):
    """The length of vectors, or a norm of matrices."""
    return call(np.linalg.norm, (x, ord, axis, keepdims), {})
