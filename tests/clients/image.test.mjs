// The image: built without a registry, the same each time, and run with everything taken away that it does not need.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Container, Image, obstacle } from "./support/container.mjs";

const execute = promisify(execFile);
const NOBODY = 65532;
const EXECUTABLE = 0o111;
const SET_ID = 0o6000;
const STOP_MS_MAX = 10_000;
/** A provider is asked at the start, and again after ten seconds. */
const ASKED_MS_MAX = 15_000;
const LISTEN = { BATON_LISTEN: "127.0.0.1:0" };
const skip = await obstacle();

describe("the image", { skip, timeout: 180_000 }, () => {
  let folder, archive, identifier, image;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "baton-images-"));
    archive = join(folder, "image.tar");
    identifier = await Image.build(archive);
    image = await Image.unpack(archive);
  });
  after(async () => {
    await Promise.all([folder, image?.folder].filter(Boolean).map((path) => rm(path, { recursive: true, force: true })));
  });

  async function contained(options, test) {
    const container = await Container.start(image, options);
    try {
      await test(container);
    } finally {
      await container.stop();
    }
  }

  it("is the same when it is built again", async () => {
    const again = join(folder, "again.tar");
    assert.equal(await Image.build(again), identifier);
    assert.ok((await readFile(again)).equals(await readFile(archive)));
  });

  it("holds a program, what it is linked to and the page, and nothing else that could be run", async () => {
    const entries = await image.entries();
    const files = entries.filter(({ status }) => !status.isDirectory());
    const programs = files.filter(({ status }) => status.mode & EXECUTABLE).map(({ path }) => path);
    const others = programs.filter((path) => !/^lib(64)?\/([\w-]+\/)?(ld-linux-[\w-]+|lib\w+)\.so\.\d+$/.test(path));
    assert.deepEqual(others, ["usr/local/bin/baton"]);
    assert.deepEqual(entries.filter(({ status }) => status.mode & SET_ID || status.isSymbolicLink()), []);
    const notRoots = entries.filter(({ status }) => status.uid !== 0 || status.gid !== 0);
    assert.deepEqual(notRoots.map(({ path }) => path), ["data"]);
    const writable = files.filter(({ status }) => status.mode & 0o022);
    assert.deepEqual(writable, []);
  });

  it("runs as nobody, without capabilities, writes to its volume alone, and works", async () => {
    await contained({ parameters: ["serve", "--demo"], environment: LISTEN }, async (container) => {
      const status = await container.process("status");
      assert.match(status, new RegExp(`^Uid:(\\t${NOBODY}){4}$`, "m"));
      assert.match(status, new RegExp(`^Gid:(\\t${NOBODY}){4}$`, "m"));
      assert.match(status, /^Cap(Eff|Prm):\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      const mounts = (await container.process("mountinfo")).split("\n").map((line) => line.split(" "));
      const writable = mounts.filter((fields) => fields[5]?.split(",").includes("rw")).map((fields) => fields[4]);
      assert.deepEqual(writable.filter((path) => path !== "/proc").sort(), ["/data"]);
      const { uid, mode } = await stat(join(container.data, "volume"));
      assert.deepEqual([uid, mode & 0o777], [NOBODY, 0o700]);

      assert.equal((await fetch(`${container.url}/health/ready`)).status, 200);
      assert.match(await (await fetch(`${container.url}/`)).text(), /<script type="module"/);
      await container.as("agent1").startSession("chat");
      const { id } = await container.as("mediaserver").submit("In a container");
      assert.equal((await container.as("agent1").get(`/me/interactions/${id}`)).interaction.state, "Invited");

      for (const shell of ["/bin/sh", "/bin/bash", "/bin/busybox"]) {
        await assert.rejects(container.execute(shell, "-c", "true"), /no such file/);
      }
    });
  });

  it("checks its own health, and ends in time when it is told to", async () => {
    // The check goes by the configured address, so that the port has to be chosen beforehand.
    const environment = { BATON_LISTEN: await freeAddress() };
    await contained({ environment }, async (container) => {
      const [kind, ...check] = image.config.Healthcheck.Test;
      assert.equal(kind, "CMD");
      await container.execute(...check);
      const told = Date.now();
      assert.equal(await container.terminate(), 0);
      assert.ok(Date.now() - told < STOP_MS_MAX);
    });
  });

  it("looks names up, and believes those whom the system's certificates vouch for", async () => {
    const name = "provider.example";
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    await execute("openssl", [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "1",
      "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-addext", "basicConstraints=critical,CA:FALSE",
      "-keyout", key, "-out", certificate,
    ]);
    const hosts = join(folder, "hosts");
    await writeFile(hosts, `127.0.0.1 ${name}\n`);
    const provider = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (_, response) => {
      response.end('{"keys":[]}');
    });
    provider.listen(0, "127.0.0.1");
    await once(provider, "listening");
    try {
      const asked = once(provider, "request", { signal: AbortSignal.timeout(ASKED_MS_MAX) });
      const environment = { ...LISTEN, BATON_JWKS_URL: `https://${name}:${provider.address().port}/keys` };
      const files = { "/etc/hosts": hosts, "/etc/ssl/certs/ca-certificates.crt": certificate };
      await contained({ environment, files }, async () => {
        const [request] = await asked;
        assert.equal(request.url, "/keys");
      });
    } finally {
      provider.closeAllConnections();
      provider.close();
    }
  });
});

async function freeAddress() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { address, port } = server.address();
  server.close();
  await once(server, "close");
  return `${address}:${port}`;
}
