"""Links: from margins to probabilities, the same bits for one row as for many."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

#: ``softmax``: one margin per class. ``sigmoid``: one margin, of the second of two classes.
#: ``identity``: the margins are the probabilities already.
Link = Literal["softmax", "sigmoid", "identity"]

#: By the number that stands for a link in a packed student.
LINKS: tuple[Link, ...] = ("sigmoid", "softmax", "identity")


def check_link(link: str, n_margins: int) -> None:
    """Refuse a link that does not exist or does not go with the number of margins."""
    if link not in get_args(Link):
        raise ValueError(f"got the link {link!r}, expected one of {', '.join(get_args(Link))}")
    fits = {"sigmoid": n_margins == 1, "softmax": n_margins >= 2, "identity": n_margins >= 1}
    if not fits[link]:
        raise ValueError(f"the link {link!r} does not go with {n_margins} margins per row")


def probabilities_of(margins: NDArray[Any], link: str) -> NDArray[np.float64]:
    """Turn margins (n, C), not NaN, into probabilities (n, K), float64; rows sum to 1."""
    from hpmkd.kernels.packed import link_rows

    # The arithmetic of packed students, so that all ways to an answer give the same bits.
    values = np.array(margins, dtype=np.float64, order="C")
    return link_rows(values, LINKS.index(link), 2 if link == "sigmoid" else values.shape[1])
