"""Recognises what a program needs and this machine lacks, so that it is told from what is wrong with the program."""

from __future__ import annotations

import dataclasses
import re

from src.languages.registry import LANGUAGES
from src.schema import Execution

_NO_NETWORK = re.compile(
    r"gaierror|Temporary failure in name resolution|Name or service not known|Network is unreachable|ENOTFOUND|EAI_AGAIN"
    r"|ENETUNREACH|Could not resolve host|UnknownHostException|unable to resolve host|php_network_getaddresses"
    r"|Failed to open TCP connection|dial tcp"
)


def marked_missing(name: str, execution: Execution) -> Execution:
    """`execution` as not_run with what is missing, where that is why it failed; otherwise as it is.

    A package, header, command or browser counts where it is widely used: what nobody knows was made up, which is an
    error. What the program wrote decides, so it is no way out of a count: where answers are counted, it has failed.
    """
    if execution.outcome != "error":
        return execution
    text = f"{execution.detail}\n{execution.stderr[-8_000:]}"
    language = LANGUAGES.get(name)
    for pattern, names in language.missing if language else ():
        for found in pattern.compiled.finditer(text):
            if not names or found.group(1) in names.split():
                return dataclasses.replace(
                    execution, outcome="not_run", detail=f"no {found.group(1)}", lacks=found.group(1)
                )
    if _NO_NETWORK.search(text):
        return dataclasses.replace(execution, outcome="not_run", detail="no network", lacks="network")
    return execution
