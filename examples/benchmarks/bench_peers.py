"""darts, neuralforecast and skforecast, in an environment that holds them."""

import json
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
PYTHON = FOLDER.parents[1] / ".venv-peers" / "bin" / "python"


def rows(repeats):
    """Rows of this benchmark, or one that says why there are none."""
    what = "darts, neuralforecast and skforecast"
    if not PYTHON.exists():
        yield {"what": what, "skipped": "run `make peers` to install them"}
        return
    for script in (FOLDER / "peers.py", FOLDER / "peers_networks.py"):
        with subprocess.Popen(
            [PYTHON, script, str(min(repeats, 3))],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            for line in process.stdout:
                if line.startswith("{"):  # the libraries print lines of their own
                    yield json.loads(line)
        if process.returncode:
            yield {"what": what, "skipped": f"failed: {PYTHON} {script} 1"}
