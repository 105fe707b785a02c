// faye's client in Node.

import faye from "faye";
import { live } from "./faye.mjs";
import { run } from "./process.mjs";

run((options, tell) => live(faye, options, tell));
