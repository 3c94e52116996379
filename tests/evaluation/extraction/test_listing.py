"""What listings, patches and notebooks add to a program is taken off, and nothing else."""

import pytest

from src.evaluation.extraction.listing import plain, without_headings, without_label


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 a\n2   b", "a\n  b"),
        (" 9| a\n10| b", "a\nb"),
        ("1 a\n3 b", "1 a\n3 b"),
        ("1", "1"),
        ("@@ -1,2 +1,2 @@\n a\n-b\n+c", "a\nc"),
        ("+a\n+b", "a\nb"),
        ("- a\n- b", "- a\n- b"),
        ("In [1]:\na\n\nOut[1]:\n3\n\nIn [2]:\nb", "\na\n\n\n\nb"),
        ("%time x\n!ls\n%%bash\na", "\n\n\na"),
        ("x = (7\n% 2)", "x = (7\n% 2)"),
    ],
)
def test_only_the_code_of_a_listing_is_left(text, code):
    assert plain(text, "python") == code


def test_commands_of_a_notebook_are_code_elsewhere():
    assert plain("!a", "bash") == "!a"


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("python\na", "python", "a"),
        ("Python:\nCopy code\n\na", "python", "\na"),
        ("python", "python", "python"),
        ("java\na", "python", "java\na"),
        ("js\na", "javascript", "a"),
    ],
)
def test_a_label_is_the_name_of_the_language_above_code(text, language, code):
    assert without_label(text, language) == code


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("# Why\nx", "javascript", "\nx"),
        ("### 说明\nx", "go", "\nx"),
        ("# define A 1\n#include <a.h>", "c", "# define A 1\n#include <a.h>"),
        ("# Why\nx", "python", "# Why\nx"),
        ("# Why\nx", "", "# Why\nx"),
    ],
)
def test_a_heading_is_no_comment_of_the_language(text, language, code):
    assert without_headings(text, language) == code
