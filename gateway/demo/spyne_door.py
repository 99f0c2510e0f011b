"""The door to spyne: what the demo's SOAP servers need of it, imported without the noise of its age.

spyne 2.14 carries an old copy of `six` and imports `cgi`. On Python 3.11 that warns, and the finder that the copy
leaves in `sys.meta_path` would go on warning at every later import that fails, anybody's; where warnings are errors it
breaks them. So the warnings are silenced for these imports alone, and the finder is taken out once everything is
imported. Python 3.12 removed what the copy relies on.
"""

from __future__ import annotations

import logging
import sys
import warnings

if sys.version_info >= (3, 12):
    raise ImportError("the demo's SOAP servers run on spyne 2.14, which needs Python 3.11")

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ImportWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
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

# A caller's mistake is answered to the caller; what goes wrong on our side spyne logs as critical.
logging.getLogger("spyne").setLevel(logging.CRITICAL)
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "spyne.util.six"]

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
