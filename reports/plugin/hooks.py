"""What the study asks of whoever can read checkpoints, so that `reports` need not import them."""

from collections.abc import Mapping

import pytest

from reports.prereg.preregistration import Dense, Preregistration, Secondary
from reports.store.subject_facts import SubjectFacts


@pytest.hookspec(firstresult=True)
def pytest_study_subject(config: pytest.Config, prereg: Preregistration) -> SubjectFacts | None:
    """What is known of the model named by `--model`, or of the sealed one, before a weight is read.

    Raises `BadInput` where it, or the device asked for, cannot be used, and `Tampered` where the sealed subject is not
    what was sealed.
    """


@pytest.hookspec(firstresult=True)
def pytest_study_code(config: pytest.Config, prereg: Preregistration) -> Mapping[str, str] | None:
    """By the name of each measure behind the registered cells: the digest of its code."""


@pytest.hookspec(firstresult=True)
def pytest_study_dense(config: pytest.Config, secondary: Secondary) -> Dense | None:
    """The dense model that `secondary` compares with: the one that `--dense-model` names, else the registered one.

    Raises `BadInput` where the model named cannot be used, and `Tampered` where it is the registered one and is not
    what was sealed.
    """
