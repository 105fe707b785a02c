// The story in Node, which the library takes for a browser after `adapt`.

import { adapt } from "cometd-nodejs-client";

adapt();
const { work } = await import("./desk.mjs");
await work(process.env.BATON_URL ?? "http://127.0.0.1:8080", console.log);
