"""Mail by STARTTLS, and commands smuggled in after it: PORT CERTIFICATE."""

import smtplib
import socket
import ssl
import sys

port, certificate = sys.argv[1:]
context = ssl.create_default_context(cafile=certificate)
with smtplib.SMTP("localhost", int(port), timeout=60) as server:
    server.starttls(context=context)
    refused = server.sendmail("a@localhost", ["b@localhost"], "Subject: x\n\n" + "y" * 200_000)
    assert not refused and server.sock.version() == "TLSv1.3"

with socket.create_connection(("localhost", int(port)), timeout=60) as plain:
    plain.sendall(b"STARTTLS\r\nNOOP\r\n")
    answer = b""
    try:
        while part := plain.recv(1000):
            answer += part
    except ConnectionResetError:
        pass
    assert answer in (b"220 localhost\r\n220 go\r\n", b"220 localhost\r\n"), answer
