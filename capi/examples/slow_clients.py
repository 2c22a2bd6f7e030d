#!/usr/bin/env python3
"""Runs many slow HTTP clients at the same time, with Python's OpenSSL.

    slow_clients.py PORT CA COUNT BYTES COMMAND ...

Each requests BYTES and reads the first few. Then COMMAND runs while all clients wait. After that,
they take turns to read the rest in small pieces.
"""
import socket
import ssl
import subprocess
import sys

PIECE = 4096


class Client:
    def __init__(self, context, port, length):
        transport = socket.socket()
        transport.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        transport.connect(("127.0.0.1", port))
        self.tls = context.wrap_socket(transport, server_hostname="localhost")
        self.tls.sendall(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % length)
        self.received = bytearray()
        self.length = length

    def read(self):
        """Reads a piece, and returns whether the response is complete."""
        piece = self.tls.recv(PIECE)
        if not piece:
            raise EOFError(f"the server ended after {len(self.received)} bytes")
        self.received += piece
        if len(self.received) < self.length + self.received.index(b"\r\n\r\n") + 4:
            return False
        head, _, body = self.received.partition(b"\r\n\r\n")
        letters = bytes(range(97, 123)) * (self.length // 26 + 1)
        if not head.startswith(b"HTTP/1.1 200 OK\r\n") or body != letters[: self.length]:
            raise ValueError("the response is not what was asked for")
        self.tls.unwrap().close()
        return True


def main():
    port, roots, count, length = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    context = ssl.create_default_context(cafile=roots)
    clients = [Client(context, port, length) for _ in range(count)]
    clients = [client for client in clients if not client.read()]
    subprocess.run(sys.argv[5:], check=True)
    while clients:
        clients = [client for client in clients if not client.read()]


main()
