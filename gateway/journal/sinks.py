"""Where the journal's lines go. Sinks are used by the writing thread alone, and raise OSError for what they could not
write."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from gateway.journal.entries import Entry, lines

SYSLOG_SOCKET: Final = "/dev/log"
PRIORITY: Final = 10 * 8 + 5
"""Facility authpriv, severity notice (RFC 5424 §6.2.1)."""
MOST_IN_MESSAGE: Final = 40
"""Customers in one message of syslog, whose length daemons bound: often to 8 kB, seldom to less than 2."""


class Sink(Protocol):
    """Takes entries, whole and in order."""

    def write(self, entries: Sequence[Entry]) -> int:
        """Write entries; how many of them are written for good. Raises OSError when not even the first is."""
        ...

    def sync(self) -> None:
        """Bring what was written onto the disk, where that means something."""
        ...

    def close(self) -> None: ...


class FileSink:
    """JSON lines at the end of a file that only its owner may read; several processes may share it.

    A file that was moved away (log rotation) is left, and a new one begun. Raises OSError when it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()
        self._torn = False  # the file ends in the middle of a line

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, entries: Sequence[Entry]) -> int:
        self._follow()
        written = 0
        for entry in entries:
            data = b"".join(line + b"\n" for line in lines(entry))
            if self._torn:
                data = b"\n" + data
            try:
                # One write per entry: at the end of a file it is not mixed with those of other processes.
                count = os.write(self._file, data)
            except OSError:
                if written:
                    return written
                raise
            self._torn = count < len(data)
            if self._torn:
                return written
            written += 1
        return written

    def _follow(self) -> None:
        """Go on in a new file where the old one was moved away."""
        try:
            named = self._path.stat()
        except FileNotFoundError:
            named = None
        ours = os.fstat(self._file)
        if named is None or (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino):
            successor = self._open()
            os.fsync(self._file)
            os.close(self._file)
            self._file = successor

    def sync(self) -> None:
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


class SyslogSink:
    """Messages to the local syslog, as `bizgraph` with facility authpriv; what becomes of them is its configuration.

    Raises OSError when its socket cannot be reached.
    """

    def __init__(self, path: str = SYSLOG_SOCKET) -> None:
        self._path = path
        self._socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            made.connect(self._path)
        except OSError:
            made.close()
            raise
        return made

    def write(self, entries: Sequence[Entry]) -> int:
        written = 0
        for entry in entries:
            try:
                for line in lines(entry, MOST_IN_MESSAGE):
                    self._send(b"<%d>bizgraph: %s" % (PRIORITY, line))
            except OSError:
                if written:
                    return written
                raise
            written += 1
        return written

    def _send(self, message: bytes) -> None:
        try:
            self._socket.send(message)
        except OSError:
            # The daemon may have been restarted, and its socket with it.
            self._socket.close()
            self._socket = self._connect()
            self._socket.send(message)

    def sync(self) -> None:
        """Whether it is kept is the daemon's business."""

    def close(self) -> None:
        self._socket.close()


def sink_of(setting: str) -> Sink:
    """The sink that `privacy.journal` names. Raises OSError when it cannot be opened."""
    kind, _, place = setting.partition(":")
    return FileSink(Path(place)) if kind == "file" else SyslogSink(place or SYSLOG_SOCKET)
