"""Settings that something may stand in the way of: refused with what it is, or not used where they are "auto"."""

from __future__ import annotations

import logging
from collections.abc import Callable

from src.schema import UserError

log = logging.getLogger(__name__)


def switched_on(key: str, setting: bool | str, obstacle: Callable[[], str]) -> bool:
    """Whether to use what the setting `key` switches on; `obstacle` says why it cannot be used, "" where it can.

    Raises UserError where it is True and there is an obstacle. Where it is False, none is looked for.
    """
    if setting is False:
        return False
    reason = obstacle()
    if setting is True:
        require(key, "true", reason, instead="auto")
    if reason:
        log.info("%s: not used, %s", key, reason)
    return not reason


def require(key: str, value: str, obstacle: str, instead: str) -> None:
    """Raise UserError where there is an obstacle to the `value` of a setting, with another that works `instead`."""
    if obstacle:
        raise UserError(f"{key}={value}, but {obstacle}; or set {key}={instead}")
