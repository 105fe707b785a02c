// An application of the official client, any of its versions, in Node or in a page: it subscribes after every handshake.

import { extensions } from "./extensions.mjs";

/** Begins; the answer ends it in good order. */
export function live({ CometD, AckExtension }, options, tell) {
  const client = new CometD();
  for (const type of client.getTransportTypes().filter((type) => type !== options.transport)) {
    client.unregisterTransport(type);
  }
  if (options.ack) {
    client.registerExtension("ack", new AckExtension());
  }
  extensions(options, tell).forEach(({ outgoing, incoming }, at) => {
    client.registerExtension(`application${at}`, {
      outgoing: (message) => (outgoing(message), message),
      incoming: (message) => (incoming(message), message),
    });
  });
  client.configure({ url: options.url, backoffIncrement: 100, maxBackoff: 500, logLevel: "error" });
  client.addListener("/meta/handshake", ({ successful }) => {
    if (successful) {
      client.subscribe(options.channel, ({ channel, data }) => tell({ kind: "event", channel, data }), {}, () => {});
    }
  });
  client.handshake({}, () => {});
  // The library never calls back where nothing is connected.
  return () => new Promise((resolve) => (client.isDisconnected() ? resolve() : client.disconnect({}, resolve)));
}
