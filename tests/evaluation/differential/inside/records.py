"""What the tests of the modules inside the sandbox share: the record of one program."""

from src.evaluation.differential.probe_runner import Inputs, run_probe

NO_INPUT = Inputs("", {})


def record(sandbox, program, calls=(), inputs=NO_INPUT, **options):
    _, found = run_probe(sandbox, inputs, program, calls, **options)
    assert found is not None
    return found
