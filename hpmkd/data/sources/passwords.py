"""Locations of databases without their passwords: nothing that is kept or shown may hold one."""

from __future__ import annotations

import re
from urllib.parse import unquote

#: How the URL of a PostgreSQL database begins, in any case; SQLAlchemy adds a driver.
SCHEME = r"postgres(?:ql)?(?:\+\w+)?://"
#: How any URL begins. Python's paths have one slash of the two.
ANY_SCHEME = r"[a-z][\w+.-]{1,30}:/+"
URL = re.compile(rf"({ANY_SCHEME})([^\s'\"]*)", re.IGNORECASE)
#: An argument that is one, of which every sign may belong to the password.
ARGUMENT = re.compile(rf"(\s*\S*?{ANY_SCHEME})(.*)", re.IGNORECASE | re.DOTALL)
#: Parameters behind the question mark that libpq takes for secrets.
SECRETS = {"password", "sslpassword", "oauth_client_secret"}
#: The same in libpq's other notation, ``host=localhost password=secret``.
PAIR = re.compile(
    rf"\s*\b(?:{'|'.join(sorted(SECRETS))})\s*=\s*(?:'(?:[^'\\]|\\.)*'|[^\s)]*)", re.IGNORECASE
)
KEYWORDS = re.compile(
    rf"(?:--[\w-]+=)?\s*(?:\w+\s*=.*\s\w+|{'|'.join(sorted(SECRETS))})\s*=",
    re.IGNORECASE | re.DOTALL,
)


def without_passwords(text: str) -> str:
    """Return a message in which no URL and no keyword string of libpq has a password.

    Parameters
    ----------
    text : str
        The message.

    Examples
    --------
    >>> without_passwords("got mysql://ana:secret@db/sales")
    'got mysql://ana@db/sales'
    """
    return PAIR.sub("", URL.sub(_without, text))


def argument_without_passwords(text: str) -> str:
    """Return an argument, or a query, in which no URL has a password.

    Parameters
    ----------
    text : str
        A location, an argument of a command line, or a query.

    Examples
    --------
    >>> argument_without_passwords("--test=postgresql://ana:secret@db/sales?password=x&port=1")
    '--test=postgresql://ana@db/sales?port=1'
    >>> argument_without_passwords("host=localhost password=secret")
    'host=localhost'
    """
    if ARGUMENT.match(text):
        return ARGUMENT.sub(_without, text)
    if KEYWORDS.match(text) and (secret := PAIR.search(text)):
        return text[: secret.start()]
    return URL.sub(_without, text)


def _without(url: re.Match[str]) -> str:
    return url[1] + _without_password(url[2])


def _without_password(address: str) -> str:
    """Return what stands behind the scheme of a URL, without secrets."""
    authority, slash, rest = address.partition("/")
    if "@" not in authority and "@" in rest.partition("?")[0]:
        # A password with a slash, which cannot be connected with, but is no less secret.
        authority, slash, rest = address, "", ""
    if "@" in authority:
        user, _, host = authority.rpartition("@")
        authority = f"{user.partition(':')[0]}@{host}"
    head, mark, parameters = f"{authority}{slash}{rest}".partition("?")
    kept = [each for each in parameters.split("&") if not _is_secret(each)]
    return head + (mark + "&".join(kept) if kept and parameters else "")


def _is_secret(parameter: str) -> bool:
    return unquote(parameter.partition("=")[0]).strip().lower() in SECRETS
