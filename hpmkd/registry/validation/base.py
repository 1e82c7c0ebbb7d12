"""What all guards share: see :mod:`hpmkd.registry.validation.knowledge`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from hpmkd.registry.offers import ComponentOrigin


class Guard:
    """What all guards share: the contract is checked when the component has been built.

    Parameters
    ----------
    component : object
        What the plugin's factory returned.
    culprit : ComponentOrigin
        Whom to blame.
    """

    contract: ClassVar[type]

    def __init__(self, component: Any, culprit: ComponentOrigin) -> None:
        self.component, self.culprit = component, culprit
        with culprit.blamed("breaks its contract"):
            if not isinstance(component, self.contract):
                raise TypeError(
                    f"{type(component).__name__} has no {', '.join(self._missing())}; expected "
                    f"what hpmkd.contracts.{self.contract.__name__} lists"
                )
            self.check()

    def check(self) -> None:
        """Raise if an attribute is not what the contract says."""

    def _missing(self) -> list[str]:
        wanted = {*vars(self.contract), *vars(self.contract).get("__annotations__", {})}
        return sorted(
            name for name in wanted if name[0] != "_" and not hasattr(self.component, name)
        )


def expect(name: str, value: object, kind: type | tuple[type, ...], expected: str) -> None:
    """Raise TypeError unless `value`, called `name`, is of a type."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r:.80}; expected {expected}")
