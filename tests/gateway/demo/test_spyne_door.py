"""The door to spyne keeps spyne's warnings to itself."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_demo_warns_nobody() -> None:
    """With warnings as errors the demo can be imported, and later imports that fail do so in the ordinary way."""
    program = """if True:
        import gateway.demo.company, sys
        try:
            import no_such_module
        except ModuleNotFoundError:
            print([type(finder).__module__ for finder in sys.meta_path if "spyne" in type(finder).__module__])
    """
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (finished.stdout, finished.stderr) == ("[]\n", "")
