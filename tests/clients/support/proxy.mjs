// A network between a client and the server that can be cut, and that can lose what the server says.

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { Condition } from "./condition.mjs";

const HOST = "127.0.0.1";

export class Proxy {
  #sockets = new Set();
  #condition = new Condition();
  #isCut = false;
  #isDeaf = false;
  #lostBytes = 0;

  static async start(serverUrl) {
    const proxy = new Proxy();
    const { port } = new URL(serverUrl);
    proxy.listener = createServer((client) => proxy.#join(client, port));
    proxy.listener.listen(0, HOST);
    await once(proxy.listener, "listening");
    proxy.url = `http://${HOST}:${proxy.listener.address().port}`;
    return proxy;
  }

  /** Every connection breaks, and no new one is made. */
  cut() {
    this.#isCut = true;
    this.#sockets.forEach((socket) => socket.destroy());
  }

  mend() {
    this.#isCut = false;
    this.#isDeaf = false;
  }

  /** What the server says from now on is lost, though the server cannot know. */
  deafen() {
    this.#isDeaf = true;
    this.#lostBytes = 0;
  }

  /** Resolves once the server has said something that was lost. */
  lost() {
    return this.#condition.until("the server says something", () => this.#lostBytes > 0);
  }

  async stop() {
    this.cut();
    this.listener.close();
    await once(this.listener, "close");
  }

  #join(client, port) {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const server = connect(port, HOST);
    for (const [socket, other] of [[client, server], [server, client]]) {
      this.#sockets.add(socket);
      socket.setNoDelay();
      // A reset is an end like any other: `close` follows.
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroySoon();
      });
    }
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => {
      if (this.#isDeaf) {
        this.#lostBytes += bytes.length;
        this.#condition.wake();
      } else {
        client.write(bytes);
      }
    });
  }
}
