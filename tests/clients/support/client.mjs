// The official CometD client in Node, with everything it hears kept in order.

import { CometD } from "cometd";
import { adapt } from "cometd-nodejs-client";
import { WebSocket } from "ws";
import { Condition } from "./condition.mjs";
import { authorization } from "./server.mjs";

adapt();

/** WebSockets of browsers cannot carry a header, those of Node can: whose it is, is told by the URL's fragment. */
globalThis.window.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    const { hash } = new URL(url);
    super(url.replace(hash, ""), protocols, { headers: { Authorization: decodeURIComponent(hash.slice(1)) } });
  }
};

export class Client {
  constructor(server, userName, transport, password) {
    this.heard = [];
    this.handshakes = 0;
    this.condition = new Condition();
    const header = authorization(userName, password);
    const url = `${server.url}/api/v2/notifications`;
    this.cometd = new CometD();
    for (const type of this.cometd.getTransportTypes().filter((type) => type !== transport)) {
      this.cometd.unregisterTransport(type);
    }
    this.cometd.configure({
      url: transport === "websocket" ? `${url}#${encodeURIComponent(header)}` : url,
      appendMessageTypeToURL: transport !== "websocket",
      requestHeaders: { Authorization: header },
      backoffIncrement: 100,
      maxBackoff: 500,
      useWorkerScheduler: false,
      logLevel: "error",
    });
    this.cometd.addListener("/meta/handshake", (reply) => {
      this.handshakes += reply.successful ? 1 : 0;
      this.condition.wake();
    });
  }

  handshake() {
    return new Promise((resolve) => this.cometd.handshake(resolve));
  }

  /** Subscribes after every handshake, as an application must. */
  subscribeAlways(...channels) {
    this.cometd.addListener("/meta/handshake", async (reply) => {
      if (reply.successful) {
        const replies = await Promise.all(channels.map((channel) => this.subscribe(channel)));
        this.subscribed = replies.every(({ successful }) => successful) && this.handshakes;
        this.condition.wake();
      }
    });
  }

  subscribe(channel) {
    return new Promise((resolve) => {
      this.cometd.subscribe(channel, ({ channel: from, data }) => {
        this.heard.push({ channel: from, ...data });
        this.condition.wake();
      }, resolve);
    });
  }

  disconnect() {
    if (this.cometd.isDisconnected()) {
      return undefined; // the library would never call back
    }
    return new Promise((resolve) => this.cometd.disconnect(resolve));
  }

  /** The first notification that fits, heard already or still to come. */
  hear(what, fits) {
    return this.until(what, () => this.heard.find(fits));
  }

  hearState(id, state) {
    return this.hear(`${id} ${state}`, (message) => message.interaction?.id === id && message.interaction.state === state);
  }

  until(what, holds) {
    return this.condition.until(what, holds, () => `heard ${JSON.stringify(this.heard, null, 1)}`);
  }
}
