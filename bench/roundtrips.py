"""Counts round trips: a TCP relay before a server that sees who speaks when."""

import socket
import threading


class Proxy:
    """Relays one connection at a time; each change from the server's to the client's turn is a round trip."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.turns = 0
        self.speaker = "server"
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def count(self):
        with self.lock:
            return self.turns

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            for speaker, source, target in (("client", client, server), ("server", server, client)):
                threading.Thread(target=self.relay, args=(speaker, source, target), daemon=True).start()

    def relay(self, speaker, source, target):
        while data := source.recv(1 << 16):
            with self.lock:
                self.turns += speaker == "client" and self.speaker == "server"
                self.speaker = speaker
            target.sendall(data)
        target.close()
