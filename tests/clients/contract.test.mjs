// The OpenAPI document against the server, as Schemathesis finds it in the eyes of each role: a few made-up requests for
// each operation, or for CONTRACT_SECONDS as many as there is time for.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Server } from "./support/server.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SCHEMATHESIS = process.env.SCHEMATHESIS ?? here(".venv/bin/schemathesis");
const SECONDS = Number(process.env.CONTRACT_SECONDS ?? 0);
/** A seed of one's own has the same requests made again. */
const SEED = process.env.CONTRACT_SEED ?? (SECONDS ? undefined : "1");
const EXAMPLES = SECONDS ? 100 : 3;
/** A run that takes longer has come to a halt. */
const TIMEOUT_MS = 300_000 + 2_000 * SECONDS;
const ROLES = ["agent1", "supervisor", "admin", "mediaserver"];

describe("the OpenAPI document", { concurrency: true, timeout: TIMEOUT_MS }, () => {
  let server;

  before(async () => {
    // Wrong credentials are tried by the hundred.
    const failures = { BATON_LOGIN_FAILURES_PER_USER_MAX: "1000000", BATON_LOGIN_FAILURES_PER_ADDRESS_MAX: "1000000" };
    server = await Server.start(failures);
    await server.as("agent1").startSession("chat");
    await server.as("mediaserver").submit("Something to be found");
  });
  after(() => server?.stop());

  for (const userName of ROLES) {
    it(`holds for ${userName}`, async (test) => {
      const { code, output } = await schemathesis(server, await server.token(userName));
      const summary = /(\d+) generated, (\d+) passed/.exec(output);
      assert.equal(code, 0, output);
      assert.ok(Number(summary?.[2]) > 300, output);
      test.diagnostic(summary[0]);
    });
  }
});

function schemathesis(server, token) {
  const options = [
    "--config-file", here("schemathesis.toml"),
    "--no-color",
    "run", `${server.url}/openapi.json`,
    "--url", `${server.url}/api/v2`,
    "--header", `Authorization: Bearer ${token}`,
    "--max-examples", EXAMPLES,
    "--generation-database", "none",
    ...(SEED ? ["--seed", SEED] : []),
    ...(SECONDS ? ["--max-time", SECONDS, "--continue-on-failure"] : []),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(SCHEMATHESIS, options.map(String), { cwd: server.data, timeout: TIMEOUT_MS });
    let output = "";
    child.stdout.on("data", (bytes) => (output += bytes));
    child.stderr.on("data", (bytes) => (output += bytes));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
