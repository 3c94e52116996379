"""auto uses what can be used, true insists on it, false does not even look."""

from __future__ import annotations

import pytest

from src.models.switches import switched_on
from src.schema import UserError


@pytest.mark.parametrize(("setting", "obstacle", "used"), [("auto", "", True), (True, "", True), ("auto", "no GPU", False)])  # fmt: skip
def test_it_is_used_where_nothing_stands_in_the_way(setting: bool | str, obstacle: str, used: bool) -> None:
    assert switched_on("training.offload", setting, lambda: obstacle) is used


def test_what_is_insisted_on_and_impossible_is_refused_with_the_reason() -> None:
    with pytest.raises(
        UserError, match=r"^training\.offload=true, but no GPU; or set training\.offload=auto$"
    ):
        switched_on("training.offload", True, lambda: "no GPU")


def test_what_is_switched_off_is_not_looked_for() -> None:
    assert not switched_on("training.offload", False, lambda: pytest.fail("it was looked for"))
