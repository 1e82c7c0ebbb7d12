"""URLs of databases without their passwords: nothing that is kept or shown may hold one."""

from __future__ import annotations

import re
from urllib.parse import unquote

#: How the URL of a PostgreSQL database begins; SQLAlchemy adds a driver.
SCHEME = r"postgres(?:ql)?(?:\+\w+)?://"
URL = re.compile(rf"({SCHEME})([^\s'\"]*)")
#: An argument that is one, of which every sign may belong to the password.
ARGUMENT = re.compile(rf"((?:--[\w-]+=)?{SCHEME})(.*)", re.DOTALL)
#: Parameters behind the question mark that libpq takes for secrets.
SECRETS = {"password", "sslpassword", "oauth_client_secret"}


def without_passwords(text: str) -> str:
    """Return a text in which the URLs of PostgreSQL databases have no passwords.

    Parameters
    ----------
    text : str
        A URL, an argument of a command line, or a query.

    Examples
    --------
    >>> without_passwords("--test=postgresql://ana:secret@db/sales?password=x&sslmode=require")
    '--test=postgresql://ana@db/sales?sslmode=require'
    """
    pattern = ARGUMENT if ARGUMENT.match(text) else URL
    return pattern.sub(lambda found: found[1] + _without_password(found[2]), text)


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
