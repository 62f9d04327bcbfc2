"""Becomes a PostgreSQL program that accepts this user and ends with its owner.

`embedded_process.py` runs it as `python -I -S embedded_launcher.py <pid of the owner> <program> <argument>...`. It is
a program of its own because a process with threads may not run this between fork and exec. Only the standard library
is there.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NAMESPACE_REFUSED = 77  # our exit code; the server and initdb use 1 and 2
FALLBACK_UID = 65534


def main(owner: int, command: list[str]) -> None:
    """Replaces this process with `command`; exits with NAMESPACE_REFUSED where the kernel refuses what root needs."""
    # A shell's `&` leaves SIGINT ignored, and the signal that says "the owner is gone" would be lost until exec.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        try:
            appear_unprivileged()
        except OSError as error:
            sys.stderr.write(f"user namespace refused: {error}\n")
            sys.exit(NAMESPACE_REFUSED)
        # After the namespace, since a change of credentials clears it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != owner:  # it ended before the line above
            sys.exit(1)
    else:
        interrupt_at_end_of_input()
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def appear_unprivileged() -> None:
    """Shows PostgreSQL, which refuses root and unknown users, the uid of `nobody`; for the files we stay who we are.

    Raises OSError where user namespaces are refused, as they are in many containers.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 and is_known(uid):
        return
    nobody = next((user.pw_uid for user in pwd.getpwall() if user.pw_name == "nobody"), FALLBACK_UID)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{nobody} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{nobody} {gid} 1")


def is_known(uid: int) -> bool:
    """Tells whether the user has an entry in the user database."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def interrupt_at_end_of_input() -> None:
    """Leaves a watchdog that interrupts this process once the owner's end of our standard input is closed (macOS)."""
    program = os.getpid()
    if (middle := os.fork()) > 0:
        os.waitpid(middle, 0)
        return
    if os.fork() == 0:  # a grandchild, so that PostgreSQL never sees a child that it did not start
        os.read(0, 1)
        os.kill(program, signal.SIGINT)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
