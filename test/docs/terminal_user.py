"""Runs a command as a person at a terminal: answers yes to every yes-or-no prompt and accepts every proposed text."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios

IDLE_SECONDS = 0.3
# The prompts mark an open question with this character and an answered one with another.
WAITS = "\u25c6"

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
seen = b""
while True:
    ready, _, _ = select.select([terminal], [], [], IDLE_SECONDS)
    if ready:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    elif WAITS in seen.decode("utf-8", "replace"):
        os.write(terminal, b"y" if b"No" in seen.split(WAITS.encode())[-1] else b"\r")
        seen = b""

sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
