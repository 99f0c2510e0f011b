"""The mapping: payload → record, as `bizgraph.toml` says, compiled once.

    settings.py                                      what the file may say
    compiler.py, fields.py, choice.py                settings → Shape (shape.py), or every reason why not
    paths.py                                         where a value is
    texts.py, amounts.py, times.py, pipeline.py      what it becomes
    generate.py, source.py, typed.py                 Shape → generated code, for dicts and for JSON bytes
    exact.py                                         the exact way, which knows what to tell
    reader.py                                        all of it at work

A value that does not fit is a BackendContract in the place of its record; it is never a null nobody asked for.
"""

from resolvers.backends.mapping.compiler import mapping_problems
from resolvers.backends.mapping.problems import InvalidMapping, Problem
from resolvers.backends.mapping.reader import Page, Reader, compile_reader
from resolvers.backends.mapping.settings import Conditions, FieldSettings, MappingSettings

__all__ = [
    "Conditions",
    "FieldSettings",
    "InvalidMapping",
    "MappingSettings",
    "Page",
    "Problem",
    "Reader",
    "compile_reader",
    "mapping_problems",
]
