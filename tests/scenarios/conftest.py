"""Members of staff for scenarios in which a person takes over."""

from __future__ import annotations

import os
import subprocess

import pytest

from desk.paths import ROOT, VENV, python_of
from tests.scenarios.runner import Api
from tests.scenarios.staff import Staff

STAFF = {"Dana Scott": "dana@example.org", "Eli Brook": "eli@example.org"}
PASSWORD = "scenarios need a person"


@pytest.fixture(scope="session")
def staff_password(request: pytest.FixtureRequest) -> str:
    """Makes the accounts by the command line. For a desk that runs already LECTERN_TEST_STAFF says their password."""
    if os.environ.get("LECTERN_TEST_ADDRESS"):
        password = os.environ.get("LECTERN_TEST_STAFF")
        if password is None:
            pytest.skip(f"LECTERN_TEST_STAFF does not say the password of {', '.join(STAFF.values())}")
        return password
    stack = request.getfixturevalue("desk_stack")
    for name, email in STAFF.items():
        command = [python_of(VENV), "-m", "backend", "create-staff", email, "--name", name]
        subprocess.run(command, cwd=ROOT, env=stack.env, input=f"{PASSWORD}\n", text=True, check=True)
    return PASSWORD


@pytest.fixture(scope="module")
def dana(desk_address: str, staff_password: str) -> Staff:
    """Dana Scott of the support team, signed in once a module: the desk takes ten tries a minute."""
    return _signed_in(desk_address, STAFF["Dana Scott"], staff_password)


@pytest.fixture(scope="module")
def eli(desk_address: str, staff_password: str) -> Staff:
    """Eli Brook of the support team, signed in."""
    return _signed_in(desk_address, STAFF["Eli Brook"], staff_password)


def _signed_in(address: str, email: str, password: str) -> Staff:
    """At the worlds' present: a session lasts some hours of the desk's clock."""
    Api(address).call("PUT", "/testing/clock", {"now": "2026-03-10T12:00:00Z"})
    return Staff.sign_in(address, email, password)
