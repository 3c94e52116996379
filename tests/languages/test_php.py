"""PHP is code only between its tags."""

from src.languages.php import LANGUAGE, with_tag


def test_php_outside_its_tags_gets_one():
    assert with_tag("echo 1;") == "<?php\necho 1;"
    assert with_tag("<p><?= 1 ?></p>") == "<p><?= 1 ?></p>"
    assert LANGUAGE.source("echo 1;").files == {"main.php": "<?php\necho 1;"}


def test_code_without_tags_has_nodes_of_code():
    assert "function_definition" in [kind for kind, _ in LANGUAGE.top_level("function f() { return 1; }")]
