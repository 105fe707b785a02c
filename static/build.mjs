// Builds static/dist: copies the sources and the browser files of the npm packages they import.
//
// There is no bundler. Browsers do not resolve bare imports (`from "preact"`) without an import map,
// and an inline import map would need a hole in the Content-Security-Policy, so bare imports are
// rewritten to relative paths here. A bare import that is not in `packages` fails the build.

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const dist = join(here, "dist");
const vendor = join(dist, "ui", "vendor");

// Bare import -> the package's browser file -> its place under ui/vendor.
const packages = {
  "preact": ["preact/dist/preact.mjs", "preact.js"],
  "preact/hooks": ["preact/hooks/dist/hooks.mjs", "preact-hooks.js"],
  "htm": ["htm/dist/htm.mjs", "htm.js"],
  "@preact/signals-core": ["@preact/signals-core/dist/signals-core.mjs", "signals-core.js"],
  "@preact/signals": ["@preact/signals/dist/signals.mjs", "signals.js"],
  "cometd": ["cometd/cometd.js", "cometd/cometd.js"],
};

// Files that are reached by relative imports or by the pages themselves.
const companions = [
  ...readdirSync(join(modules, "cometd"))
    .filter((name) => name.endsWith(".js") && name !== "cometd.js")
    .map((name) => [`cometd/${name}`, `cometd/${name}`]),
  ["swagger-ui-dist/swagger-ui-bundle.js", "swagger-ui/swagger-ui-bundle.js"],
  ["swagger-ui-dist/swagger-ui.css", "swagger-ui/swagger-ui.css"],
];

const licences = ["preact", "htm", "@preact/signals-core", "@preact/signals", "cometd", "swagger-ui-dist"];

rmSync(dist, { recursive: true, force: true });
cpSync(join(here, "src"), dist, { recursive: true });

for (const [from, to] of [...Object.values(packages), ...companions]) {
  copyText(join(modules, from), join(vendor, to));
}
for (const name of licences) {
  copyText(join(modules, name, "LICENSE"), join(vendor, "licences", `${name.replace("/", "-")}.txt`));
}

let count = 0;
for (const file of filesUnder(join(dist, "ui"))) {
  if (file.endsWith(".js")) {
    resolveImports(file);
  }
  count += 1;
}
console.log(`static/dist built: ${count} files under ui/`);

function copyText(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  // The maps are not shipped; without this line every open developer console asks for them.
  const text = readFileSync(from, "utf8").replace(/^\/[/*][#@] sourceMappingURL=.*$/gm, "");
  writeFileSync(to, text);
}

function resolveImports(file) {
  if (file.includes("swagger-ui")) {
    return; // a classic script without imports
  }
  const text = readFileSync(file, "utf8");
  const specifier = /(^|[;}\s])((?:import|export)(?:[\w*{}\s,$]*?from)?\s*)(["'])([^"'\n]+)\3/g;
  const rewritten = text.replace(specifier, (whole, before, statement, quote, name) => {
    if (name.startsWith(".")) {
      return whole;
    }
    if (!packages[name]) {
      throw new Error(`${relative(here, file)} imports "${name}", which build.mjs does not know`);
    }
    let path = relative(dirname(file), join(vendor, packages[name][1]));
    if (!path.startsWith(".")) {
      path = `./${path}`;
    }
    return `${before}${statement}${quote}${path}${quote}`;
  });
  writeFileSync(file, rewritten);
}

function filesUnder(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}
