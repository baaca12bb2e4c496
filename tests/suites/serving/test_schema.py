"""The API is what its own description says it is: schemathesis makes requests of it, sensible ones and others.

Whether a sensible request is also granted is not asked: the ids of videos are made up, and many searches make no sense
though each of their values does.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

pytest.importorskip("schemathesis", reason='the suite needs the extra: pip install "framecue[serve-dev]"')
pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')

import schemathesis
from schemathesis.checks import positive_data_acceptance

from support.served import make_served
from support.server_process import ServerProcess, serve

# So many requests of each address in each way of making them. They are the same in each run.
EXAMPLES = 40
ANSWER_SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serve([make_served(tmp_path_factory.mktemp("served")).library], "--allow-teach") as server:
        yield server


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_address_does_what_its_description_says(server: ServerProcess, mode: schemathesis.GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 10
    failed: dict[str, Exception] = {}
    for operation in operations:
        try:
            _check(operation, mode)
        except Unsatisfiable:
            # There is nothing to get wrong where nothing is asked.
            assert mode is schemathesis.GenerationMode.NEGATIVE
            assert not operation.definition.raw.get("parameters")
        except Exception as error:  # the others are tried as well
            failed[operation.label] = error
    assert not failed, "\n\n".join(f"{label}: {error}" for label, error in failed.items())
    assert server.process.poll() is None
    assert not [line for line in server.lines if "Traceback" in line or "defect" in line]


def _check(operation: schemathesis.APIOperation, mode: schemathesis.GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        # What fails is shown as it was found: making it smaller would take minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=[positive_data_acceptance], timeout=ANSWER_SECONDS)

    check()
