"""Runs scripts one after the other in this process: run_scripts.py '[["evaluate.py", "--model_path", ...], ...]'."""

import json
import runpy
import sys
from pathlib import Path

for script, *flags in json.loads(sys.argv[1]):
    sys.argv = [script, *flags]
    runpy.run_path(str(Path(__file__).resolve().parents[2] / script), run_name="__main__")
