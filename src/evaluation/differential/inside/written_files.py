"""Runs inside the sandbox: reads what files a program wrote, a database by its rows.

Placed before the probe's source; imports nothing of this project.
"""

import hashlib
import os

MYPY = False  # what only the type checker reads
if MYPY:
    from src.evaluation.differential.inside.rewriting import MAX_TEXT

MAX_FILES = 8
DATABASE = b"SQLite format 3\0"  # how such a file begins


def written_files(given: dict[str, str]) -> dict[str, str]:
    """Files in the working folder that the program wrote or changed: their start, with a digest of the longer ones.

    given: the text of each file that was there before.
    """
    written: dict[str, str] = {}
    others = hashlib.sha256()
    for name in sorted(filter(os.path.isfile, os.listdir("."))):
        with open(name, "rb") as file:
            start = file.read(MAX_TEXT)
            digest = hashlib.sha256(start)
            rest = file.read(MAX_TEXT)
            text = start.decode("utf-8", "replace")
            if not rest and text == given.get(name):
                continue
            if start.startswith(DATABASE):
                text, rest = _rows_in(name) or text, b""
            cut = bool(rest)
            while rest:
                digest.update(rest)
                rest = file.read(1 << 20)
        if len(written) < MAX_FILES:
            written[name] = text + ("\n[cut] " + digest.hexdigest() if cut else "")
        else:
            others.update(f"{name!r} {digest.hexdigest()}".encode("utf-8", "backslashreplace"))
            written["more files"] = others.hexdigest()
    return written


def _rows_in(name: str) -> str:
    """The tables of an SQLite database with their rows; "" where it cannot be read. Its bytes depend on how it was written."""
    import sqlite3  # takes time that few programs need

    try:
        database = sqlite3.connect(f"file:{name}?mode=ro", uri=True, timeout=0)
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        rows = {table: database.execute(f'SELECT * FROM "{table}"').fetchall() for (table,) in tables}
    except sqlite3.Error:
        return ""
    return "\n".join(f"{table}: {row!r}" for table in rows for row in [(), *rows[table]])[:MAX_TEXT]
