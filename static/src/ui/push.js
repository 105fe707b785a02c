// The CometD connection. It comes back by itself; every new handshake subscribes again and then
// has the state read again, so that nothing that happened in between is missed.

import { CometD } from "cometd";
import { csrf, notificationsUrl } from "./api.js";
import { addLogEntry, connection, transport } from "./store.js";

const CHANNELS = ["/v2/me/interactions", "/v2/me/channels", "/v2/me/workbins", "/v2/me/messages"];

let client = null;

/**
 * Opens the connection. `onMessage(channel, data)` hears every notification, `onReady()`, which must not
 * fail, is awaited after every handshake or return of a lost connection, `onRefused()` is told that the server wants no handshake.
 */
export function open({ onMessage, onReady, onRefused }) {
  close();
  const mine = new CometD();
  client = mine;
  mine.configure({
    url: notificationsUrl,
    connectTimeout: 5000,
    backoffIncrement: 500,
    maxBackoff: 5000,
    logLevel: "warn",
    requestHeaders: csrf,
  });
  for (const type of unwantedTransports()) {
    mine.unregisterTransport(type);
  }

  let lost = false;
  let isSubscribed = false;
  const begin = async () => {
    connection.value = "catching-up";
    transport.value = mine.getTransport()?.type ?? "";
    if (!isSubscribed) {
      mine.clearSubscriptions();
      const replies = await Promise.all(CHANNELS.map((channel) => subscribe(mine, channel, onMessage)));
      // A refusal is an answer; a subscription that was lost on the way is asked for again.
      isSubscribed = replies.every((reply) => !reply.failure);
    }
    if (client !== mine || lost || !isSubscribed) {
      return;
    }
    await onReady();
    if (client === mine && !lost) {
      connection.value = "connected";
    }
  };

  mine.addListener("/meta/handshake", (message) => {
    if (client !== mine) {
      return;
    }
    if (!message.successful) {
      if (isRefusal(message)) {
        onRefused();
      } else {
        connection.value = "reconnecting";
      }
      return;
    }
    lost = false;
    isSubscribed = false;
    begin();
  });
  mine.addListener("/meta/connect", (message) => {
    if (client !== mine || mine.isDisconnected()) {
      return;
    }
    if (isRefusal(message)) {
      onRefused();
    } else if (!message.successful) {
      lost = true;
      connection.value = "reconnecting";
    } else if (lost) {
      lost = false;
      begin();
    }
  });

  connection.value = "connecting";
  mine.handshake();
}

export function close() {
  const old = client;
  client = null;
  old?.disconnect();
}

/** The credentials are no good any more: trying again would not help. */
function isRefusal(message) {
  const none = message.advice?.reconnect === "none" && !message.failure;
  return !message.successful && (none || message.failure?.httpCode === 401);
}

function subscribe(mine, channel, onMessage) {
  return new Promise((resolve) => {
    mine.subscribe(
      channel,
      (message) => {
        if (client === mine) {
          addLogEntry(channel, message.data);
          onMessage(channel, message.data);
        }
      },
      (reply) => {
        if (!reply.successful) {
          addLogEntry(channel, reply);
        }
        resolve(reply);
      },
    );
  });
}

/** Script polling cannot work under the page's policy; `?transport=…` chooses one of the others alone. */
function unwantedTransports() {
  const wanted = new URLSearchParams(location.search).get("transport");
  const others = ["websocket", "long-polling"].filter((type) => wanted && type !== wanted);
  return ["callback-polling", ...(others.length === 1 ? others : [])];
}
