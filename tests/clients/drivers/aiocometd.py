"""An application of aiocometd-ng: options as its argument, a line of JSON for whatever it has to tell.

It says goodbye when its input ends.
"""

import asyncio
import json
import sys

from aiocometd_ng import Client, ConnectionType, Extension
from aiocometd_ng.exceptions import AiocometdException

# What an application does that has lost its client altogether.
REOPEN_S = 0.2


def tell(**message):
    print(json.dumps(message), flush=True)


class Authentication(Extension):
    """The token goes with every request: this client keeps no cookies of a host that is named by its number."""

    def __init__(self, token):
        self._token = token

    async def outgoing(self, payload, headers):
        headers["Authorization"] = f"Bearer {self._token}"

    async def incoming(self, payload, headers=None):
        pass


class Replay(Extension):
    """Resumes every subscription after the last sequence that was heard, in the epoch it was heard in."""

    def __init__(self, epoch=None, after=None):
        self._known = epoch
        self._offered = None
        self._last = dict(after or {})

    async def outgoing(self, payload, headers):
        for message in payload:
            if message["channel"] == "/meta/handshake":
                asked = True if self._known is None else {"epoch": self._known}
                message.setdefault("ext", {})["replay"] = asked
            elif message["channel"] == "/meta/subscribe" and message["subscription"] in self._last:
                subscription = message["subscription"]
                message.setdefault("ext", {})["replay"] = {subscription: self._last[subscription]}

    async def incoming(self, payload, headers=None):
        for message in payload:
            if message["channel"] == "/meta/handshake":
                self._offered = message.get("ext", {}).get("epoch")
            elif "sequence" in (message.get("data") or {}):
                self._last[message["channel"]] = message["data"]["sequence"]
                self._known = self._offered


class Observation(Extension):
    """Tells the test what goes over the wire and the client does not show."""

    async def outgoing(self, payload, headers):
        for message in payload:
            if message["channel"] == "/meta/connect":
                tell(kind="connect", carrier=message["connectionType"])

    async def incoming(self, payload, headers=None):
        for message in payload:
            if message.get("successful") is False:
                tell(kind="refused", channel=message["channel"], error=message.get("error"))
            elif message["channel"] == "/meta/handshake":
                tell(kind="handshake", clientId=message["clientId"], ext=message.get("ext"))
            elif message["channel"] == "/meta/subscribe":
                tell(kind="subscribed")


def extensions(options):
    chosen = [Authentication(options["token"])]
    if options.get("replay") is not None:
        chosen.append(Replay(**options["replay"]))
    return [*chosen, Observation()]


async def listen(options, chosen):
    client = Client(
        options["url"],
        ConnectionType(options["transport"]),
        # The client's own watch over lost connections calls asyncio in a way that Python 3.10 removed.
        connection_timeout=0,
        extensions=chosen,
    )
    async with client:
        await client.subscribe(options["channel"])
        async for message in client:
            tell(kind="event", channel=message["channel"], data=message["data"])


async def listen_always(options):
    chosen = extensions(options)
    while True:
        try:
            await listen(options, chosen)
        except (AiocometdException, OSError, asyncio.TimeoutError) as failure:
            tell(kind="failed", error=repr(failure))
            await asyncio.sleep(REOPEN_S)


async def main():
    listening = asyncio.ensure_future(listen_always(json.loads(sys.argv[1])))
    goodbye = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([listening, goodbye], return_when=asyncio.FIRST_COMPLETED)
    if listening.done():
        listening.result()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


asyncio.run(main())
