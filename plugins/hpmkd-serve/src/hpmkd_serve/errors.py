"""Why a server does not start, and why a request is not answered."""

from __future__ import annotations

from hpmkd.errors import HpmkdError


class ServeError(HpmkdError):
    """The server cannot listen on the given host and port."""

    exit_code = 11


class RequestError(Exception):
    """A request that gets no predictions.

    Parameters
    ----------
    status : int
        Of the response: 413, 415 or 422; 400 or 503 if the body did not arrive.
    detail : str
        What was got, what was expected, and what to do next.
    row : int, optional
        The row that is wrong, counted from 0.
    column : str, optional
        The column that is wrong.
    """

    def __init__(
        self, status: int, detail: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.row = row
        self.column = column
