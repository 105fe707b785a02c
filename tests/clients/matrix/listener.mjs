// A client of the matrix, wherever it runs: what it tells, kept in order.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Condition } from "../support/condition.mjs";
import { openPage } from "./page.mjs";

const DRIVERS = new URL("../drivers/", import.meta.url);
const PYTHON = fileURLToPath(new URL("../.venv/bin/python", import.meta.url));

export class Listener {
  condition = new Condition();
  /** The data of every event, in the order in which the application got them. */
  heard = [];
  handshakes = [];
  refusals = [];
  carriers = new Set();
  subscriptions = 0;
  complaints = "";

  /** Starts a client of the table; `options` are what its driver takes. */
  static async start(client, options) {
    const listener = new Listener();
    const all = { ...options, package: client.package, transport: client.transport, ack: client.ack };
    listener.end = client.runs === "chromium"
      ? await openPage(client, all, (message) => listener.#take(message))
      : listener.#spawn(client, all);
    return listener;
  }

  /** Waits until it is subscribed in the session of its `count`th handshake, or of a later one. */
  subscribed(count = 1) {
    return this.until(`subscription ${count}`, () => this.subscriptions >= count);
  }

  /** The first event that fits, heard already or still to come. */
  hear(what, fits) {
    return this.until(what, () => this.heard.find(fits));
  }

  until(what, holds) {
    return this.condition.until(what, holds, () => this.describe());
  }

  /** What became of it, in few words, for people who look for what went wrong. */
  describe() {
    const heard = this.heard.map(({ messageType, sequence, previousSequence, interaction }) =>
      [messageType, sequence, previousSequence, interaction?.userData?.change].join(" "));
    const { handshakes, refusals, complaints } = this;
    return JSON.stringify({ heard, handshakes, refusals, complaints }, null, 1);
  }

  /** Says goodbye. */
  close() {
    return this.end({ abruptly: false });
  }

  /** Is gone from one moment to the next. */
  kill() {
    return this.end({ abruptly: true });
  }

  #spawn(client, options) {
    const [program, file] = client.runs === "python" ? [PYTHON, client.driver] : [process.execPath, client.driver];
    const child = spawn(program, [fileURLToPath(new URL(file, DRIVERS)), JSON.stringify(options)]);
    const gone = once(child, "exit");
    createInterface({ input: child.stdout }).on("line", (line) => {
      // The clients print their own complaints there too.
      line.startsWith("{") ? this.#take(JSON.parse(line)) : this.#note(line);
    });
    child.stderr.on("data", (bytes) => this.#note(bytes));
    child.stdin.on("error", () => {});
    return async ({ abruptly }) => {
      abruptly ? child.kill("SIGKILL") : child.stdin.end();
      await gone;
    };
  }

  #take(message) {
    switch (message.kind) {
      case "connect":
        this.carriers.add(message.carrier);
        break;
      case "event":
        this.heard.push(message.data);
        break;
      case "handshake":
        this.handshakes.push(message);
        break;
      case "subscribed":
        this.subscriptions += 1;
        break;
      case "refused":
        this.refusals.push(message);
        break;
      default:
        this.#note(JSON.stringify(message));
    }
    this.condition.wake();
  }

  #note(complaint) {
    this.complaints = `${this.complaints}${complaint}\n`.slice(-4000);
  }
}
