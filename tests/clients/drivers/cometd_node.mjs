// The official client in Node; `options.package` says which version.

import { adapt } from "cometd-nodejs-client";
import { live } from "./cometd.mjs";
import { run } from "./process.mjs";

adapt();
const options = JSON.parse(process.argv[2]);
// The versions before 8 are CommonJS, with the extension in a file that exports it alone.
const library = await import(options.package);
const { CometD } = library.CometD ? library : library.default;
const extension = await import(`${options.package}/AckExtension.js`);
const AckExtension = extension.AckExtension ?? extension.default;
run((options, tell) => live({ CometD, AckExtension }, options, tell));
