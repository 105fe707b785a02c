// A driver as a process of its own: options as its argument, a line of JSON for whatever it has to tell, and it says
// goodbye when its input ends.

import { createInterface } from "node:readline";

/** Runs `live(options, tell)`, which answers how to end it. */
export function run(live) {
  const options = JSON.parse(process.argv[2]);
  const end = live(options, (message) => process.stdout.write(`${JSON.stringify(message)}\n`));
  createInterface({ input: process.stdin }).on("close", async () => {
    await end();
    process.exit(0);
  });
}
