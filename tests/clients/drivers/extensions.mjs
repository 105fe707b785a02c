// What an application adds to a client by the client's own extension mechanism. Each is a pair of functions over one
// message, which every JavaScript client can wrap in its own way; they run in Node and in a page.

/** The token goes with the handshake: a page cannot set headers on a WebSocket. */
export function authentication(token) {
  return {
    outgoing(message) {
      if (message.channel === "/meta/handshake") {
        message.ext = { ...message.ext, authentication: { token } };
      }
    },
    incoming() {},
  };
}

/** Resumes every subscription after the last sequence that was heard, as long as the server's epoch is the same. */
export function replay({ epoch, after = {} }) {
  const last = { ...after };
  let known = epoch;
  let offered;
  return {
    outgoing(message) {
      if (message.channel === "/meta/handshake") {
        message.ext = { ...message.ext, replay: known === undefined ? true : { epoch: known } };
      } else if (message.channel === "/meta/subscribe" && last[message.subscription] !== undefined) {
        const { subscription } = message;
        message.ext = { ...message.ext, replay: { [subscription]: last[subscription] } };
      }
    },
    incoming({ channel, data, ext }) {
      if (channel === "/meta/handshake") {
        offered = ext?.epoch;
      } else if (data?.sequence !== undefined) {
        // A sequence means something only together with the epoch it was heard in.
        last[channel] = data.sequence;
        known = offered;
      }
    },
  };
}

/** Tells the test what goes over the wire and no callback of every client shows. */
export function observation(tell) {
  return {
    outgoing({ channel, connectionType }) {
      if (channel === "/meta/connect") {
        tell({ kind: "connect", carrier: connectionType });
      }
    },
    incoming({ channel, successful, error, clientId, ext }) {
      if (successful === false) {
        tell({ kind: "refused", channel, error });
      } else if (channel === "/meta/handshake") {
        tell({ kind: "handshake", clientId, ext });
      } else if (channel === "/meta/subscribe") {
        tell({ kind: "subscribed" });
      }
    },
  };
}

/** All that the options ask for. */
export function extensions(options, tell) {
  return [
    authentication(options.token),
    ...(options.replay ? [replay(options.replay)] : []),
    observation(tell),
  ];
}
