// The image, built without a registry, and run as a cluster runs it: by an OCI runtime, with everything taken away that the
// manifests in deploy/ take away. It shares the network of the machine, so that tests reach it.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Server, binary, root } from "./server.mjs";

const execute = promisify(execFile);
/** Commands that have to work; the last one is what a machine may forbid. */
const NEEDED = [
  ["buildah", "--version"], ["runc", "--version"], ["openssl", "version"],
  ["unshare", "--mount", "--pid", "--fork", "true"],
];
const PAGE = join(root, "static", "dist");
/** The namespaces of a container but for that of the network. */
const NAMESPACES = ["pid", "mount", "ipc", "uts"];

/** Why no image can be built and run here; undefined if it can. */
export async function obstacle() {
  if (process.getuid() !== 0) {
    return "only root can run a container here";
  }
  for (const [tool, ...parameters] of NEEDED) {
    const why = await execute(tool, parameters).then(() => undefined, (error) => error.message.trim());
    if (why) {
      return why;
    }
  }
  return existsSync(PAGE) ? undefined : "the page is not built";
}

/** An image in an archive: its configuration, and its file system unpacked. */
export class Image {
  /** Builds the archive; answers the identifier of the image. */
  static async build(archive) {
    const { stdout } = await execute(join(root, "deploy", "image", "build"), [binary, PAGE, archive]);
    return stdout.trim();
  }

  static async unpack(archive) {
    const image = new Image();
    image.folder = await mkdtemp(join(tmpdir(), "baton-image-"));
    await execute("tar", ["-xf", archive, "-C", image.folder]);
    const [manifest] = JSON.parse(await readFile(join(image.folder, "manifest.json"), "utf8"));
    image.config = JSON.parse(await readFile(join(image.folder, manifest.Config), "utf8")).config;
    image.root = join(image.folder, "root");
    await mkdir(image.root);
    for (const layer of manifest.Layers) {
      await execute("tar", ["-xf", join(image.folder, layer), "-C", image.root, "--same-owner", "--preserve-permissions"]);
    }
    return image;
  }

  /** Every file and folder with its path, mode and owner. */
  async entries() {
    const paths = await readdir(this.root, { recursive: true });
    return Promise.all(paths.map(async (path) => ({ path, status: await lstat(join(this.root, path)) })));
  }
}

export class Container extends Server {
  /** Starts a container with a new volume; `files` are mounted over those of the image, by their paths in it. */
  static async start(image, { environment = {}, parameters, files = {} } = {}) {
    const container = new Container();
    container.image = image;
    container.data = await mkdtemp(join(tmpdir(), "baton-container-"));
    container.name = container.data.split("/").pop();
    // A new volume is like the folder that it is mounted over.
    const volume = join(container.data, "volume");
    await execute("cp", ["-a", join(image.root, "data"), volume]);
    const specification = describe(image, volume, files, parameters, environment);
    await writeFile(join(container.data, "config.json"), JSON.stringify(specification));
    await container.run();
    return container;
  }

  command() {
    return [...this.#runtime("run"), "--bundle", this.data, this.name];
  }

  /** Runs a program in the running container. */
  execute(...parameters) {
    const [program, ...rest] = [...this.#runtime("exec"), this.name, ...parameters];
    return execute(program, rest);
  }

  /** What the kernel says of the server, from outside. */
  async process(file) {
    const [program, ...rest] = [...this.#runtime("state"), this.name];
    const { stdout } = await execute(program, rest);
    return readFile(`/proc/${JSON.parse(stdout).pid}/${file}`, "utf8");
  }

  async stop() {
    const [program, ...rest] = [...this.#runtime("delete"), "--force", this.name];
    await execute(program, rest).catch(() => {}); // it may have ended
    await super.stop();
  }

  #runtime(command) {
    return ["runc", "--root", join(this.data, "state"), command];
  }
}

/** The specification for the runtime (OCI runtime specification 1.0) of what the image's configuration says. */
function describe({ config, root: path }, volume, files, parameters = config.Cmd, environment) {
  const [uid, gid] = config.User.split(":").map(Number);
  const bind = (source, destination, access) => ({ destination, source, type: "bind", options: ["bind", access] });
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid, gid },
      args: [...config.Entrypoint, ...parameters],
      env: [...config.Env, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    root: { path, readonly: true },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      bind(volume, "/data", "rw"),
      ...Object.entries(files).map(([destination, source]) => bind(source, destination, "ro")),
    ],
    linux: { namespaces: NAMESPACES.map((type) => ({ type })) },
  };
}
