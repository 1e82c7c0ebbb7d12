"""One proxy around every component of a run: its failures are blamed on its plugin."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from hpmkd import contracts
from hpmkd.errors import FAILURES, HpmkdError, PluginError, PluginWarning, warn
from hpmkd.registry.offers import blame
from hpmkd.registry.validation.checks import CHECKS, check_encoding, check_student_state
from hpmkd.registry.validation.configurations import SamplerValidator

if TYPE_CHECKING:
    from hpmkd.registry.offers import ComponentOrigin

_FORGOTTEN = "; the run continues without what it remembers"
#: What the failure of a method costs where it does not end the run, and what stands in for
#: its result. The method is not called again.
SURVIVED: Mapping[tuple[str, str], tuple[str, Any]] = {
    ("memory", "suggest"): (_FORGOTTEN, ()),
    ("memory", "outcomes"): (_FORGOTTEN, ()),
    ("memory", "remember"): (_FORGOTTEN, None),
    ("scheduler", "observe"): ("; it will receive no further trials", None),
    ("executor", "close"): ("", None),
}


def blaming(component: Any, origin: ComponentOrigin, *arguments: Any) -> Any:
    """Return a component whose failures name its plugin, and whose results are checked.

    Parameters
    ----------
    component : object
        What the plugin's factory returned for `arguments`.
    origin : ComponentOrigin
        Whom to blame.

    Raises
    ------
    PluginError
        If the component lacks something that its contract lists.
    """
    contract = getattr(contracts, origin.kind.capitalize().replace("Teacher", "TeacherPanel"))
    checks = dict(CHECKS.get(origin.kind, {}))
    with origin.blamed("breaks its contract"):
        if not isinstance(component, contract):
            listed = {*vars(contract), *contract.__annotations__}
            missing = sorted(n for n in listed if n[0] != "_" and not hasattr(component, n))
            raise TypeError(
                f"{type(component).__name__} has no {', '.join(missing)}; expected what "
                f"hpmkd.contracts.{contract.__name__} lists"
            )
        if origin.kind == "stage":
            check_encoding(component)
        if origin.kind == "fuser":
            check_student_state(component)
        if origin.kind == "sampler":
            checks["ask"] = SamplerValidator(*arguments).ask
    return ComponentProxy(component, origin, checks)


class ComponentProxy:
    """Has the attributes of a component; calls of its methods are checked and blamed.

    It travels to worker processes with its component.

    Parameters
    ----------
    component : object
        What is called.
    origin : ComponentOrigin
        Whom to blame.
    checks : mapping of str to callable
        By the name of a method: what is called with the method and its arguments in its place.
    """

    def __init__(self, component: Any, origin: ComponentOrigin, checks: Mapping[str, Any]) -> None:
        self._component, self._origin, self._checks = component, origin, checks
        self._failed: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        # Pickle and copy look for methods of their own before there is a component.
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self._component, name)
        # A fit is blamed where students are fitted, under the recipe's name of the stage.
        if not callable(found) or (self._origin.kind, name) == ("stage", "fit"):
            return found
        survived = SURVIVED.get((self._origin.kind, name))
        return partial(self._call if survived is None else self._try, name, found)

    def _call(self, name: str, method: Any, *arguments: Any, **named: Any) -> Any:
        check = self._checks.get(name)
        called = method if check is None else partial(check, method)
        with self._blamed(name, arguments):
            result = called(*arguments, **named)
        return self._iterate(name, result, arguments) if isinstance(result, Iterator) else result

    def _iterate(self, name: str, results: Iterator[Any], arguments: Any) -> Iterator[Any]:
        with self._blamed(name, arguments):
            yield from results

    def _try(self, name: str, method: Any, *arguments: Any, **named: Any) -> Any:
        cost, otherwise = SURVIVED[self._origin.kind, name]
        if name not in self._failed:
            try:
                return self._call(name, method, *arguments, **named)
            except HpmkdError as failed:
                self._failed.add(name)
                warn(f"{failed}{cost}", PluginWarning)
        return otherwise

    @contextlib.contextmanager
    def _blamed(self, name: str, arguments: Any) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            if isinstance(error, HpmkdError) or _raised_by(arguments, error):
                raise
            origin = self._origin
            message = blame(origin.plugin, origin.kind, origin.name, f"failed in {name}", error)
            raise PluginError(message) from error


def _raised_by(arguments: Any, error: BaseException) -> bool:
    """Return whether an error comes from a function among the arguments: no fault of the callee.

    Such as what a cache is to compute.
    """
    codes = {getattr(each, "__code__", None) for each in arguments} - {None}
    return any(frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__))
