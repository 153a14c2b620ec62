"""Build the notebooks from the lessons, with their outputs: `python lessons/build.py [06 07 …]`.

Needs `pip install -e ".[notebooks]"`. A lesson, `lessons/NN_name.py`, is the only source of its
notebook, `notebooks/NN_name.ipynb`; edit the lesson and build again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import jupytext
import nbformat

LESSONS = Path(__file__).parent
NOTEBOOKS = LESSONS.parent / "notebooks"
LONGEST = 300  # seconds a cell may take
SETUP = """\
# Finds minigpt. On Colab, first bring the project here: !git clone ADDRESS-OF-THE-PROJECT
import importlib.util
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("minigpt") is None:
    here = Path.cwd()
    near = [here, *here.parents, *(path for path in here.iterdir() if path.is_dir())]
    found = [path for path in near if (path / "lessons" / "build.py").is_file()]
    assert found, "minigpt is not installed, and its folder is not near this notebook"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", str(found[0])], check=True)
    sys.path.insert(0, str(found[0]))"""


def lessons(numbers: list[str] | None = None) -> list[Path]:
    """The files of all lessons, or of those with these numbers, in their order."""
    paths = sorted(LESSONS.glob("[0-9][0-9]_*.py"))
    return [path for path in paths if not numbers or path.name[:2] in numbers]


def unbuilt(lesson: Path) -> nbformat.NotebookNode:
    """The notebook of a lesson without outputs: its cells, after one that finds minigpt."""
    notebook = jupytext.read(lesson)
    notebook.cells.insert(1, nbformat.v4.new_code_cell(SETUP))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{lesson.stem[:2]}-{number:03d}"  # the same in every build
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def build(lesson: Path, folder: Path) -> Path:
    """Run a lesson's notebook and write it; raises CellExecutionError when a cell fails."""
    from nbclient import NotebookClient

    notebook = unbuilt(lesson)
    NotebookClient(
        notebook, timeout=LONGEST, record_timing=False, coalesce_streams=True,
        resources={"metadata": {"path": folder}},  # fmt: skip
    ).execute()
    for cell in notebook.cells:
        cell.metadata = {}
    path = folder / f"{lesson.stem}.ipynb"
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="of lessons, such as 06; all without one")
    parser.add_argument("--to", type=Path, default=NOTEBOOKS, help="folder (notebooks/)")
    args = parser.parse_args()
    try:
        args.to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"{args.to} can't be made ({error.strerror}); name another folder.", file=sys.stderr)
        return 2
    chosen = lessons(args.numbers)
    if not chosen:
        print(f"There is no lesson {' '.join(args.numbers)} in {LESSONS}.", file=sys.stderr)
        return 2
    for lesson in chosen:
        start = time.perf_counter()
        path = build(lesson, args.to)
        print(f"{path.name}: {time.perf_counter() - start:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
