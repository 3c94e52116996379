"""Rows of a data set on the Hugging Face hub, in the cache of `datasets`, or in a local folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from src.data.sources.readers import RawRow
from src.schema import UserError
from src.system.hub_access import explain, go_offline_unless_reachable, is_hub_error

ALTERNATIVE = "or use another --source"


def hub_rows(name: str, force: bool = False) -> Iterator[RawRow]:
    """Rows of every split of `name`, numbered consecutively; `force` ignores the cache.

    Raises UserError where it cannot be loaded.
    """
    if not Path(name).exists():
        go_offline_unless_reachable()
    import datasets
    from datasets.exceptions import DatasetsError

    try:
        loaded = datasets.load_dataset(name, download_mode="force_redownload" if force else None)
    except Exception as error:
        if not isinstance(error, ValueError | RuntimeError | DatasetsError) and not is_hub_error(error):
            raise
        reason = explain(f"datasets/{name}", error, ALTERNATIVE) or (
            f"{' '.join(str(error).split())[:160]}; check data.dataset_name, {ALTERNATIVE}"
        )
        raise UserError(f"cannot load {name} from the hub: {reason}") from error
    rows = (values for split in loaded for values in loaded[split])
    for number, values in enumerate(rows, 1):
        yield RawRow(number, values)
