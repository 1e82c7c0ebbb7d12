"""What the kernels of this folder take, for annotations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Addresses = NDArray[np.int64]
Index = Any  # a signed or an unsigned integer of 64 bits
Single = Any  # a float32
Four = tuple[Index, Index, Index, Index]
#: For a block: cells by column and by row, sums of trees, leaves.
Work = tuple[Singles, Singles, Singles, Words]
#: How a pool fuses: three numbers per member; offsets; attention, empty without; share of the
#: log-linear pool; 1 / the final temperature; whether any member has a weight in the linear one.
Mix = tuple[Floats, Floats, Floats, float, float, bool]
#: For a pool: the linear and the log-linear one, and two values per row.
Fused = tuple[Floats, Floats, Floats, Floats]
