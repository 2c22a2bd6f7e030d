"""Messages of several lengths to a server that echoes them: PORT CERTIFICATE."""

import asyncio
import ssl
import sys

import websockets


async def main(port, certificate):
    context = ssl.create_default_context(cafile=certificate)
    url = f"wss://localhost:{port}"
    async with websockets.connect(url, ssl=context, max_size=None, compression=None) as socket:
        for message in ["hello", "", "x" * 1_000_000, b"\0" * 70_000]:
            await socket.send(message)
            assert await asyncio.wait_for(socket.recv(), 60) == message
        await asyncio.wait_for(await socket.ping(), 60)
    assert socket.close_code == 1000, socket.close_code


asyncio.run(main(*sys.argv[1:]))
