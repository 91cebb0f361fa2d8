"""What tests share: `fixtures/unit_tests.py`."""

import pytest

from fixtures.unit_tests import prepare


def pytest_configure(config: pytest.Config) -> None:
    prepare(config)
