// An agent's work: requests by REST, notifications by CometD. The same in Node and in a browser.

import { CometD } from "cometd";

const SUBJECT = "Hello from JavaScript";

/** Plays the story against the server at `url`; `tell` gets each of its lines. */
export async function work(url, tell) {
  const api = `${url}/api/v2`;
  await ask(api, "agent1", "/me", { operationName: "StartContactCenterSession", channels: ["chat"] });
  await ask(api, "agent1", "/me/channels/chat", { operationName: "Ready" });

  const heard = new Notifications();
  const cometd = await connect(api, "agent1", (message) => heard.add(message));
  await ask(api, "mediaserver", "/interactions", { mediaType: "chat", queue: "chat", subject: SUBJECT });

  const { id } = await heard.state("Invited");
  tell(`${id} is offered to the agent`);
  await ask(api, "agent1", `/me/interactions/${id}`, { operationName: "Accept" });
  await heard.state("Processing");
  tell(`${id} is the agent's`);
  await ask(api, "agent1", `/me/interactions/${id}`, { operationName: "Complete" });
  await heard.state("Completed");
  tell(`${id} is completed`);
  await ask(api, "agent1", "/me", { operationName: "EndContactCenterSession" });
  await new Promise((resolve) => cometd.disconnect(resolve));
}

function authorization(userName) {
  return `Basic ${btoa(`${userName}:demo`)}`;
}

async function ask(api, userName, path, body) {
  const response = await fetch(api + path, {
    method: "POST",
    headers: { "Authorization": authorization(userName), "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (answer.statusCode !== 0) {
    throw new Error(`${path}: ${response.status} ${answer.statusMessage}`);
  }
  return answer;
}

/** A session that is subscribed. Browsers cannot send a header with a WebSocket, so this one polls. */
async function connect(api, userName, hear) {
  const cometd = new CometD();
  cometd.unregisterTransport("websocket");
  cometd.configure({ url: `${api}/notifications`, requestHeaders: { Authorization: authorization(userName) } });
  // After every handshake, also one after a connection that was lost.
  const subscribed = new Promise((resolve, reject) => {
    cometd.addListener("/meta/handshake", (reply) => {
      if (reply.successful) {
        cometd.subscribe("/v2/me/interactions", ({ data }) => hear(data), resolve);
      } else {
        reject(new Error(`handshake: ${reply.error}`));
      }
    });
  });
  cometd.handshake();
  await subscribed;
  return cometd;
}

/** What was told of the interaction, for who waits for one of its states. */
class Notifications {
  #heard = [];
  #wake = () => {};

  add(message) {
    this.#heard.push(message);
    this.#wake();
  }

  async state(state) {
    for (;;) {
      const found = this.#heard.find(({ interaction }) => interaction?.subject === SUBJECT && interaction.state === state);
      if (found) {
        return found.interaction;
      }
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}
