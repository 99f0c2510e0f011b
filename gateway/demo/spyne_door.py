"""The door to spyne: what the demo's SOAP servers need of it, imported without the noise of its age.

spyne 2.14 carries an old copy of `six`, whose modules are found in the way that Python 3.12 gave up. Until then that
warns, and the finder which the copy leaves in `sys.meta_path` would go on warning at every later import that fails,
anybody's; where warnings are errors it breaks them. So while spyne is imported those modules are found in today's way
and its warnings are silenced; afterwards both finders are gone. From Python 3.13 on, `legacy-cgi` has to be installed.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any, cast

_SIX = "spyne.util.six"


class _SixMovesFinder(MetaPathFinder):
    """Asks the finder of spyne's `six` in the words of PEP 451."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{_SIX}.moves"):
            return None
        importers = [finder for finder in sys.meta_path if type(finder).__module__ == _SIX]
        return spec_from_loader(fullname, cast(Any, importers[0])) if importers else None


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sys.meta_path.insert(0, _SixMovesFinder())
    try:
        from spyne import (
            Application,
            Array,
            Boolean,
            ComplexModel,
            Date,
            Decimal,
            Fault,
            ServiceBase,
            Unicode,
            UnsignedInteger32,
            rpc,
        )
        from spyne.protocol.soap import Soap11, Soap12
        from spyne.server.wsgi import WsgiApplication
    finally:
        sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ not in {_SIX, __name__}]

# A caller's mistake is answered to the caller; what goes wrong on our side spyne logs as critical.
logging.getLogger("spyne").setLevel(logging.CRITICAL)

__all__ = [
    "Application",
    "Array",
    "Boolean",
    "ComplexModel",
    "Date",
    "Decimal",
    "Fault",
    "ServiceBase",
    "Soap11",
    "Soap12",
    "Unicode",
    "UnsignedInteger32",
    "WsgiApplication",
    "rpc",
]
