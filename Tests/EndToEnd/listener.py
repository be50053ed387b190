"""Plain sockets for peers that are no honest servers."""

import socket
import threading


class Listener:
    """Hands each connection to `serve`, on a thread of its own, until it is closed."""

    def __init__(self, backlog=128):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def close(self):
        self._listener.close()
