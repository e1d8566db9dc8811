"""The example notebook of the documentation."""

import os
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path(__file__).parents[3] / "docs" / "examples" / "shop_notebook.py"


def test_it_runs_from_the_first_cell_to_the_last(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOK)],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("MP_")},
            "PYTHONPATH": str(Path(sys.prefix) / "pyarrow"),
            "TMPDIR": str(tmp_path),
            "HOME": str(tmp_path),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    # Its last cell checks what the others found.
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(tmp_path.glob("mixpanel-data-notebook-*/views.parquet"))) == 1


def test_it_has_the_form_of_marimo() -> None:
    command = [str(Path(sys.executable).with_name("marimo")), "check", "--strict", str(NOTEBOOK)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
