// A server of our own, on a free port and a folder of its own, that can be killed and started again.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
export const root = resolve(fileURLToPath(new URL("../../..", import.meta.url)));
export const binary = resolve(process.env.BATON_BIN ?? join(root, "target", "debug", "baton"));
const START_MS_MAX = 20_000;

export class Server {
  static async start(environment = {}) {
    if (!existsSync(binary)) {
      throw new Error(`${binary} is not there: build it, or name another in BATON_BIN`);
    }
    const server = new Server();
    server.data = await mkdtemp(join(tmpdir(), "baton-clients-"));
    server.environment = environment;
    server.listen = "127.0.0.1:0";
    await server.run();
    return server;
  }

  /** Starts the process; a second time with the same address and data. */
  async run() {
    const [program, ...parameters] = this.command();
    const child = spawn(program, parameters, {
      cwd: root,
      env: { ...process.env, ...this.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.stderr = "";
    child.stderr.on("data", (bytes) => (this.stderr = (this.stderr + bytes).slice(-4000)));
    this.url = await this.#listening(child);
    this.listen = new URL(this.url).host;
  }

  /** What is started. */
  command() {
    return [binary, "serve", "--listen", this.listen, "--data", this.data];
  }

  /** As a crash or a power cut does it: no goodbye. */
  async kill() {
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }

  /** As an operator does it: the server says goodbye first. Answers its exit code. */
  async terminate() {
    const gone = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const [code] = await gone;
    return code;
  }

  /** A bearer token of a demo user, as the program prints it. */
  async token(userName) {
    const { stdout } = await execute(binary, ["token", "--user", userName, "--data", this.data], { cwd: root });
    return stdout.trim();
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await this.kill();
    }
    await rm(this.data, { recursive: true, force: true });
  }

  /** The REST interface as one of the demo users sees it. */
  as(userName) {
    return new Rest(`${this.url}/api/v2`, userName);
  }

  #listening(child) {
    return new Promise((resolveUrl, reject) => {
      const fail = (why) => reject(new Error(`baton ${why}\n${this.stderr}`));
      const timer = setTimeout(() => fail("did not say where it listens"), START_MS_MAX);
      child.once("exit", (code) => fail(`ended with ${code}`));
      child.once("error", reject);
      createInterface({ input: child.stdout }).on("line", (line) => {
        const told = /listening on (http:\/\/\S+)/.exec(line);
        if (told) {
          clearTimeout(timer);
          resolveUrl(told[1].replace(/\/$/, ""));
        }
      });
    });
  }
}

export function authorization(userName, password = "demo") {
  return `Basic ${Buffer.from(`${userName}:${password}`).toString("base64")}`;
}

class Rest {
  constructor(base, userName) {
    this.base = base;
    this.userName = userName;
  }

  get(path) {
    return this.#request("GET", path);
  }

  post(path, body) {
    return this.#request("POST", path, body);
  }

  operate(id, operationName, parameters = {}) {
    return this.post(`/me/interactions/${id}`, { operationName, ...parameters });
  }

  async startSession(...readyFor) {
    await this.post("/me", { operationName: "StartContactCenterSession", channels: ["chat", "email", "workitem"] });
    for (const channel of readyFor) {
      await this.post(`/me/channels/${channel}`, { operationName: "Ready" });
    }
  }

  submit(subject, more = {}) {
    return this.post("/interactions", { mediaType: "chat", queue: "chat", subject, ...more });
  }

  async #request(method, path, body) {
    const response = await fetch(this.base + path, {
      method,
      headers: { "Authorization": authorization(this.userName), "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok || answer.statusCode !== 0) {
      throw new Error(`${this.userName}: ${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    }
    return answer;
  }
}
