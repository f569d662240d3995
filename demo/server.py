"""The entry of the demo's model server: `python demo/server.py` or `python -m demo.server`.

The rule kept here: nothing but finding the package. Run by its path, the folder becomes the
package `demo` and leaves sys.path, so that no file of it can shadow a module of others.
"""

import importlib
import importlib.util
import sys
from pathlib import Path


def adopt() -> None:
    """Make this folder the package `demo`, wherever it lies."""
    here = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "demo", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no package in {here}")
    package = importlib.util.module_from_spec(spec)
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    sys.modules["demo"] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    if not __package__:
        adopt()
    package = __package__ or "demo"
    sys.exit(importlib.import_module(f"{package}.service").main())
