"""An agent's work: requests by REST, notifications by CometD."""

import asyncio
import os

import aiohttp
from aiocometd_ng import Client, ConnectionType, Extension

API = os.environ.get("BATON_URL", "http://127.0.0.1:8080") + "/api/v2"
SUBJECT = "Hello from Python"


class Credentials(Extension):
    """The header that goes with every request of the CometD client."""

    def __init__(self, user_name):
        self._header = aiohttp.BasicAuth(user_name, "demo").encode()

    async def outgoing(self, payload, headers):
        headers["Authorization"] = self._header

    async def incoming(self, payload, headers=None):
        pass


async def ask(session, user_name, path, **body):
    auth = aiohttp.BasicAuth(user_name, "demo")
    async with session.post(API + path, json=body, auth=auth) as response:
        answer = await response.json()
    if answer["statusCode"] != 0:
        raise RuntimeError(f"{path}: {response.status} {answer['statusMessage']}")
    return answer


async def told(notifications, state):
    """Waits for the notification that the interaction is in a state, and gives its identifier."""
    async for message in notifications:
        interaction = message["data"].get("interaction", {})
        if interaction.get("subject") == SUBJECT and interaction["state"] == state:
            print(f"{interaction['id']} is {state}")
            return interaction["id"]


async def work(session, notifications):
    await notifications.subscribe("/v2/me/interactions")
    await ask(session, "mediaserver", "/interactions", mediaType="chat", queue="chat", subject=SUBJECT)
    path = f"/me/interactions/{await told(notifications, 'Invited')}"
    await ask(session, "agent1", path, operationName="Accept")
    await told(notifications, "Processing")
    await ask(session, "agent1", path, operationName="Complete")
    await told(notifications, "Completed")


async def main():
    # The client's own watch over lost connections calls asyncio in a way that Python 3.10 removed.
    notifications = Client(
        f"{API}/notifications", ConnectionType.LONG_POLLING, connection_timeout=0, extensions=[Credentials("agent1")]
    )
    async with aiohttp.ClientSession() as session:
        await ask(session, "agent1", "/me", operationName="StartContactCenterSession", channels=["chat"])
        await ask(session, "agent1", "/me/channels/chat", operationName="Ready")
        async with notifications:
            await work(session, notifications)
        await ask(session, "agent1", "/me", operationName="EndContactCenterSession")


asyncio.run(main())
