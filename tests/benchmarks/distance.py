"""PostgreSQL at a distance: a relay on a socket of its own that holds every byte for half a round trip.

`python -m tests.benchmarks.distance SOCKET TARGET SECONDS`. Threads, not an event loop: a loop's timers have steps of a
millisecond, twice what is to be waited here.
"""

import queue
import socket
import sys
import threading
import time

_CHUNK = 1 << 18


def relay(listen: str, target: str, delay_seconds: float) -> None:
    """Serve for ever; each direction of each connection is delayed, and stays in order."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(listen)
    listener.listen(100)
    while True:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(target)
        for source, sink in ((client, server), (server, client)):
            held: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            threading.Thread(target=_take, args=(source, held, delay_seconds), daemon=True).start()
            threading.Thread(target=_give, args=(sink, held), daemon=True).start()


def _take(source: socket.socket, held: "queue.SimpleQueue[tuple[float, bytes]]", delay_seconds: float) -> None:
    data = b"-"
    while data:
        try:
            data = source.recv(_CHUNK)
        except OSError:
            data = b""
        held.put((time.monotonic() + delay_seconds, data))


def _give(sink: socket.socket, held: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
    while True:
        due, data = held.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(data)
        except OSError:
            return


if __name__ == "__main__":
    sys.setswitchinterval(0.0001)
    relay(sys.argv[1], sys.argv[2], float(sys.argv[3]))
