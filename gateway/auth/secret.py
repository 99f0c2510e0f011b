"""Secrets that configuration only points at: `env:NAME` and `file:PATH`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

_MAX_FILE = 65_536


def resolve_secret(reference: SecretStr, environ: Mapping[str, str], *, literal: bool = False) -> SecretStr:
    """The secret that `env:NAME` or `file:PATH` points at; the line end of a file is not part of it.

    Any other text is the secret itself where `literal` allows that (the demo), and refused elsewhere. Raises
    ValueError, whose text names variable or file but never a secret.
    """
    text = reference.get_secret_value()
    kind, colon, place = text.partition(":")
    if colon and kind == "env":
        value = environ.get(place, "")
        if not value:
            raise ValueError(f"environment variable {place} is not set")
        return SecretStr(value)
    if colon and kind == "file":
        return SecretStr(_content(Path(place)))
    if literal and text:
        return reference
    raise ValueError("a secret is not written into the configuration: use env:NAME or file:PATH")


def _content(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(_MAX_FILE + 1)
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError as exc:
        raise ValueError(f"file {path} is not text in UTF-8") from exc
    except OSError as exc:
        raise ValueError(f"file {path} cannot be read: {exc.strerror}") from exc
    if len(content) > _MAX_FILE:
        raise ValueError(f"file {path} is too large for a secret")
    if not text:
        raise ValueError(f"file {path} is empty")
    return text
