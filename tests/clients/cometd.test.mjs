// The official JavaScript client against the server, over both of its transports.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Client } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

const CHANNELS = ["/v2/me/interactions", "/v2/me/channels", "/v2/me/messages"];

for (const transport of ["long-polling", "websocket"]) {
  describe(`CometD client over ${transport}`, () => {
    let server;
    const clients = [];

    before(async () => {
      server = await Server.start({ BATON_COMETD_TIMEOUT_MS: "5000" });
      await server.as("agent1").startSession("chat");
    });
    afterEach(async () => {
      // No test leaves work on the desk, or the next one would not be invited.
      for (const interaction of await mine(server)) {
        await server.as("agent1").operate(interaction.id, "Complete");
      }
      await Promise.all(clients.splice(0).map((client) => client.disconnect()));
    });
    after(() => server?.stop());

    async function listen(userName = "agent1") {
      const client = new Client(server, userName, transport);
      clients.push(client);
      client.subscribeAlways(...CHANNELS);
      const reply = await client.handshake();
      assert.equal(reply.successful, true);
      assert.equal(client.cometd.getTransport().type, transport);
      await client.until("subscriptions", () => client.subscribed === 1);
      return client;
    }

    async function acceptOne(client, subject) {
      const { id } = await server.as("mediaserver").submit(subject);
      await client.hearState(id, "Invited");
      await server.as("agent1").operate(id, "Accept");
      await client.hearState(id, "Processing");
      return id;
    }

    it("hears an interaction from invitation to completion, in order", async () => {
      const client = await listen();
      const agent = server.as("agent1");
      const { id } = await server.as("mediaserver").submit("Order 4711", { userData: { order: 4711 } });

      const invited = await client.hearState(id, "Invited");
      assert.equal(invited.messageType, "InteractionStateChangeMessage");
      assert.equal(invited.notificationType, "StatusChange");
      assert.deepEqual([...invited.interaction.capabilities].sort(), ["Accept", "Reject"]);
      assert.equal(invited.interaction.subject, "Order 4711");
      assert.deepEqual(invited.interaction.userData, { order: 4711 });
      assert.ok(Date.parse(invited.interaction.invitation.expiresAt) > Date.now());
      assert.ok(invited.interaction.invitation.ticketId);
      const invite = await client.hear("EventInvite", ({ event }) => event === "EventInvite");
      assert.equal(invite.protocol, "Interaction Management");

      const accepted = await agent.operate(id, "Accept");
      const processing = await client.hearState(id, "Processing");
      assert.equal(processing.notificationType, "StatusChange");
      assert.equal(processing.sequence, accepted.sequence);
      assert.ok(processing.interaction.capabilities.includes("Complete"));

      await agent.operate(id, "UpdateUserData", { userData: { note: "called back" } });
      const updated = await client.hear("the update", ({ notificationType }) => notificationType === "PropertiesUpdated");
      assert.deepEqual(updated.interaction.userData, { order: 4711, note: "called back" });

      await agent.operate(id, "Complete");
      const completed = await client.hearState(id, "Completed");
      assert.deepEqual(completed.interaction.capabilities, []);

      const told = client.heard.filter(({ channel, interaction }) => channel === "/v2/me/interactions" && interaction.id === id);
      assert.deepEqual(told.map(({ interaction }) => interaction.state), ["Invited", "Processing", "Processing", "Completed"]);
      for (const [earlier, later] of told.slice(1).map((message, at) => [told[at], message])) {
        assert.ok(later.sequence > earlier.sequence, "sequences ascend");
        assert.equal(later.previousSequence, earlier.sequence, "a gap would show");
      }
    });

    it("hears nothing of what is not its user's own", async () => {
      const stranger = await listen("agent2");
      const client = await listen();
      const id = await acceptOne(client, "private");
      // The stranger's connection is known to be alive: it hears what is its own.
      await server.as("agent2").startSession();
      await stranger.hear("its channels", ({ channel, channels }) => channel === "/v2/me/channels" && channels?.length > 0);
      assert.deepEqual(stranger.heard.filter(({ interaction }) => interaction), []);
      assert.ok(id);
    });

    it("is told the state of its resources when it subscribes", async () => {
      const first = await listen();
      const id = await acceptOne(first, "before");
      const second = await listen();
      const told = await second.hearState(id, "Processing");
      assert.equal(told.interaction.subject, "before");
      assert.ok(told.interaction.capabilities.includes("Complete"));
    });

    it("comes back by itself after kill -9 and finds everything there", async () => {
      const client = await listen();
      const id = await acceptOne(client, "survivor");
      await server.as("agent1").operate(id, "UpdateUserData", { userData: { kept: "yes" } });
      await client.hear("the update", ({ interaction }) => interaction?.userData?.kept === "yes");
      const before = client.heard.length;

      await server.kill();
      await server.run();

      await client.until("a second handshake with its subscriptions", () => client.handshakes >= 2 && client.subscribed === client.handshakes);
      const [interaction] = await mine(server);
      assert.equal(interaction.id, id);
      assert.equal(interaction.state, "Processing");
      assert.deepEqual(interaction.userData, { kept: "yes" });

      await server.as("agent1").operate(id, "UpdateUserData", { userData: { heard: "again" } });
      const told = await client.hear("news on the new session", (message) => message.interaction?.userData?.heard === "again");
      const last = client.heard.slice(0, before).findLast(({ sequence }) => sequence !== undefined);
      assert.ok(told.sequence > last.sequence, "sequences go on after a restart");
    });

    it("hears nothing after it has disconnected", async () => {
      const leaver = await listen();
      const stayer = await listen();
      const id = await acceptOne(leaver, "farewell");
      const reply = await leaver.disconnect();
      assert.equal(reply.successful, true);
      const before = leaver.heard.length;

      await server.as("agent1").operate(id, "UpdateUserData", { userData: { late: 1 } });
      await stayer.hear("the update", ({ interaction }) => interaction?.userData?.late === 1);
      assert.equal(leaver.heard.length, before);
      assert.equal(leaver.cometd.isDisconnected(), true);
    });

    it("is refused with a wrong password", async () => {
      const client = new Client(server, "agent1", transport, "wrong");
      clients.push(client);
      const reply = await client.handshake();
      assert.equal(reply.successful, false);
      await client.disconnect();
    });

    it("may not publish to what only the server tells", async () => {
      const client = await listen();
      const reply = await new Promise((resolve) => client.cometd.publish("/v2/me/interactions", { forged: true }, resolve));
      assert.equal(reply.successful, false);
    });
  });
}

async function mine(server) {
  return (await server.as("agent1").get("/me/interactions?fields=*")).interactions.filter(({ state }) => state === "Processing");
}
