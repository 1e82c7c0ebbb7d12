"""Conformance suites: what a component must do, as tests to inherit.

Supply the fixture that makes your component and inherit the rest::

    import pytest
    from hpmkd.testing import FuserSuite

    class TestMedian(FuserSuite):
        @pytest.fixture
        def fuser(self):
            return MedianFuser()

hpmkd itself never imports this package; it needs pytest, and imports it only when a suite
is requested.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.testing.augmenters import AugmenterSuite
    from hpmkd.testing.caches import CacheSuite
    from hpmkd.testing.executors import ExecutorSuite
    from hpmkd.testing.exporters import ExporterSuite
    from hpmkd.testing.fusers import FuserSuite
    from hpmkd.testing.memories import MemorySuite
    from hpmkd.testing.samplers import SamplerSuite
    from hpmkd.testing.schedulers import SchedulerSuite
    from hpmkd.testing.stages import StageSuite
    from hpmkd.testing.teachers import TeacherPanelSuite
    from hpmkd.testing.transfers import TransferSuite

__all__ = [
    "AugmenterSuite",
    "CacheSuite",
    "ExecutorSuite",
    "ExporterSuite",
    "FuserSuite",
    "MemorySuite",
    "SamplerSuite",
    "SchedulerSuite",
    "StageSuite",
    "TeacherPanelSuite",
    "TransferSuite",
]

_MODULES = {
    "AugmenterSuite": "hpmkd.testing.augmenters",
    "CacheSuite": "hpmkd.testing.caches",
    "ExecutorSuite": "hpmkd.testing.executors",
    "ExporterSuite": "hpmkd.testing.exporters",
    "FuserSuite": "hpmkd.testing.fusers",
    "MemorySuite": "hpmkd.testing.memories",
    "SamplerSuite": "hpmkd.testing.samplers",
    "SchedulerSuite": "hpmkd.testing.schedulers",
    "StageSuite": "hpmkd.testing.stages",
    "TeacherPanelSuite": "hpmkd.testing.teachers",
    "TransferSuite": "hpmkd.testing.transfers",
}


def __getattr__(name: str) -> Any:
    # Lazy: worker processes import hpmkd.testing.tasks and have no use for pytest.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pytest

    # Without this a failed assertion in a suite would not show its values.
    pytest.register_assert_rewrite(_MODULES[name])
    return getattr(importlib.import_module(_MODULES[name]), name)
