// The clients of the matrix. `isSample` marks those that run with every test: each library and version, each carrier, Node
// and Chromium and Python at least once.

const COMETD = [
  { version: "3.1", package: "cometd3", scripts: ["cometd3/cometd.js", "cometd3/AckExtension.js"] },
  { version: "5.0", package: "cometd5", scripts: ["cometd5/cometd.js", "cometd5/AckExtension.js"] },
  { version: "7.0", package: "cometd7", scripts: ["cometd7/cometd.js", "cometd7/AckExtension.js"] },
  { version: "9.0", package: "cometd", module: "cometd/cometd.js" },
];
const TRANSPORTS = ["long-polling", "websocket"];
const SAMPLE = new Set([
  "cometd 9.0, long-polling, ack, node",
  "cometd 9.0, websocket, ack, chromium",
  "cometd 9.0, websocket, node",
  "cometd 7.0, long-polling, node",
  "cometd 5.0, websocket, ack, node",
  "cometd 3.1, long-polling, ack, chromium",
  "faye 1.4, long-polling, node",
  "faye 1.4, websocket, node",
  "aiocometd-ng 0.5, long-polling, python",
  "aiocometd-ng 0.5, websocket, python",
]);

function* table() {
  for (const transport of TRANSPORTS) {
    for (const runs of ["node", "chromium"]) {
      for (const { version, ...library } of COMETD) {
        for (const ack of [true, false]) {
          const driver = runs === "node" ? "cometd_node.mjs" : "cometd.mjs";
          yield { library: `cometd ${version}`, ...library, driver, transport, ack, runs };
        }
      }
    }
    yield { library: "faye 1.4", driver: "faye_node.mjs", transport, ack: false, runs: "node" };
    yield { library: "faye 1.4", driver: "faye.mjs", scripts: ["faye/client/faye-browser.js"], transport, ack: false, runs: "chromium" };
    yield { library: "aiocometd-ng 0.5", driver: "aiocometd.py", transport, ack: false, runs: "python" };
  }
}

export const clients = [...table()].map((client) => {
  const name = [client.library, client.transport, ...(client.ack ? ["ack"] : []), client.runs].join(", ");
  return { ...client, name, isSample: SAMPLE.has(name) };
});

/** The reference that others are compared with: it is never disturbed. */
export const undisturbed = clients.find(({ name }) => name === "cometd 9.0, websocket, ack, node");
