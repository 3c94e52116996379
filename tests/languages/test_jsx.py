"""React's JSX is a language of its own: a page has to be made of it before it runs, so it is not JavaScript that failed."""

from src.evaluation.execution.runners import run_program
from src.evaluation.extraction.extract import extract
from src.languages.registry import LANGUAGE_ALIASES, LANGUAGES, syntax_error
from src.sandbox.sandbox import Sandbox

COMPONENT = "const Hello = ({ name }) => <h1>Hello, {name}!</h1>;"


def test_it_is_parsed_and_not_run():
    assert syntax_error("jsx", COMPONENT) is None
    assert syntax_error("jsx", "const Hello = <h1>") is not None
    with Sandbox(workers=1) as sandbox:
        found = run_program("jsx", sandbox, COMPONENT)
    assert (found.outcome, found.detail, found.lacks) == ("not_run", "no way to run React (JSX)", "")


def test_blocks_of_react_and_of_javascript_are_its_code():
    assert LANGUAGE_ALIASES["react"] == LANGUAGE_ALIASES["jsx"] == "jsx"
    assert LANGUAGES["jsx"].data_flow == LANGUAGES["javascript"].data_flow
    for label in ("jsx", "react", "javascript", "js"):
        answer = f"Here:\n```bash\nnpm start\n```\n```{label}\n{COMPONENT}\n```\n"
        assert extract(answer, "jsx").code == COMPONENT
