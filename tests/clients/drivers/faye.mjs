// An application of faye's client, which subscribes again by itself.

import { extensions } from "./extensions.mjs";

const RETRY_S = 0.2;

/** Begins; the answer ends it in good order. */
export function live(faye, options, tell) {
  const client = new faye.Client(options.url, { retry: RETRY_S });
  client.disable("eventsource");
  if (options.transport === "long-polling") {
    client.disable("websocket");
  }
  for (const { outgoing, incoming } of extensions(options, tell)) {
    client.addExtension({
      outgoing: (message, callback) => callback((outgoing(message), message)),
      incoming: (message, callback) => callback((incoming(message), message)),
    });
  }
  client.subscribe(options.channel).withChannel((channel, data) => tell({ kind: "event", channel, data }));
  return () => client.disconnect() ?? Promise.resolve();
}
