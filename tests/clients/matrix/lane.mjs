// One client of the matrix with a server and a network of its own: whatever is done to them disturbs nobody else.

import { setTimeout as elapsed } from "node:timers/promises";
import { Proxy } from "../support/proxy.mjs";
import { Server } from "../support/server.mjs";
import { undisturbed } from "./clients.mjs";
import { Listener } from "./listener.mjs";

export const CHANNEL = "/v2/me/interactions";
const MAX_INTERVAL_MS = 3_000;
const SWEEP_MS = 500;
const ENVIRONMENT = {
  BATON_COMETD_TIMEOUT_MS: "2000",
  BATON_COMETD_MAX_INTERVAL_MS: String(MAX_INTERVAL_MS),
  // The agent keeps her interaction, however long she cannot be reached.
  BATON_OWNERSHIP_GRACE_MS: "600000",
  // So few in memory that what is told again comes from the journal as well.
  BATON_REPLAY_RING_LEN_MAX: "16",
};

export class Lane {
  #listeners = [];
  /** Another client, which listens all the time on a connection that nobody cuts. */
  reference;
  /** The sequences of all that was done to the interaction. */
  sequences = [];
  changes = 0;

  static async start(client) {
    const lane = new Lane();
    lane.client = client;
    lane.server = await Server.start(ENVIRONMENT);
    lane.proxy = await Proxy.start(lane.server.url);
    lane.token = await lane.server.token("agent1");
    lane.agent = lane.server.as("agent1");
    await lane.agent.startSession("workitem");
    await lane.#work();
    lane.reference = await lane.#begin(undisturbed, lane.server.url, { replay: {} });
    return lane;
  }

  /** The client, subscribed, behind the network that can be cut. */
  async listen(options) {
    const listener = await this.#begin(this.client, this.proxy.url, options);
    this.#listeners.push(listener);
    return listener;
  }

  /** The agent changes the interaction, some times; answers the sequences of the changes. */
  async change(times) {
    const made = [];
    for (let time = 0; time < times; time += 1) {
      this.changes += 1;
      const { sequence } = await this.agent.operate(this.id, "UpdateUserData", { userData: { change: this.changes } });
      made.push(sequence);
    }
    this.sequences.push(...made);
    return made;
  }

  /** The network is gone for longer than a session lives without it. */
  async outageBeyondSession(meanwhile) {
    this.proxy.cut();
    const over = elapsed(MAX_INTERVAL_MS + 2 * SWEEP_MS);
    await meanwhile();
    await over;
    this.proxy.mend();
  }

  /** The network is gone for as long as it takes to do something. The server says something last that nobody hears. */
  async outage(unheard, meanwhile) {
    this.proxy.deafen();
    await unheard();
    await this.proxy.lost();
    this.proxy.cut();
    await meanwhile();
    this.proxy.mend();
  }

  /** Nobody listens any more. */
  async clear() {
    this.proxy.mend();
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.kill()));
  }

  async stop() {
    await this.clear();
    await this.reference?.kill();
    await this.proxy.stop();
    await this.server.stop();
  }

  async #begin(client, url, options) {
    const listener = await Listener.start(client, {
      url: `${url}/api/v2/notifications`,
      token: this.token,
      channel: CHANNEL,
      ...options,
    });
    await listener.subscribed();
    return listener;
  }

  /** An interaction in the agent's hands. */
  async #work() {
    const { id } = await this.server.as("mediaserver").submit("Matrix", { mediaType: "workitem", queue: "workitem" });
    this.id = id;
    const { sequence } = await this.agent.operate(id, "Accept");
    this.sequences.push(sequence);
  }
}
