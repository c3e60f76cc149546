"""Who listens on a port of this machine."""

import contextlib
import pwd
import re
import subprocess
from pathlib import Path

from ccr.cli.process import look_up


def in_use(port: int, *, by_neighbour: bool) -> str:
    """The beginning of a sentence. `by_neighbour`: what answers there is the router of another home."""
    owners = ["the ccr of another home"] if by_neighbour else []
    owners += [owner] if (owner := port_owner(port)) else []
    return f"Port {port} is in use" + (f" by {', '.join(owners)}" if owners else "")


def port_owner(port: int) -> str:
    """`process 123 (node)`, or `a process of user bob` when no more can be known; empty: nothing can be known."""
    return from_proc(port) if Path("/proc/net/tcp").exists() else from_lsof(port)


def from_proc(port: int) -> str:
    """Linux: the port gives a socket's inode, the inode a process that holds it open (proc(5))."""
    listeners = [row for row in socket_rows() if row[0] == port]
    inodes = {f"socket:[{inode}]" for _, _, inode in listeners}
    for entry in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        with contextlib.suppress(OSError):
            if str(entry.readlink()) in inodes:
                return str(look_up(int(entry.parts[2])) or "")
    return f"a process of user {user_name(listeners[0][1])}" if listeners else ""


def socket_rows() -> list[tuple[int, int, str]]:
    """Port, user id and inode of every listening TCP socket."""
    rows = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A":  # TCP_LISTEN
                    rows.append((int(fields[1].rpartition(":")[2], 16), int(fields[7]), fields[9]))
    return rows


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def from_lsof(port: int) -> str:
    """Elsewhere: lsof(8), whose `-F` output is one field a line, its kind in the first letter."""
    with contextlib.suppress(OSError):
        command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
        if found := re.search(r"^p(\d+)\nc(.*)$", answer, re.MULTILINE):
            return f"process {found[1]} ({found[2]})"
    return ""
