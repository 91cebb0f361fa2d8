"""What tests share: `fixtures/testing/unit_tests.py`."""

import pytest

from fixtures.testing.unit_tests import prepare


def pytest_configure(config: pytest.Config) -> None:
    prepare(config)
