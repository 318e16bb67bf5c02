// `npm run build [folder]`: the package as it is published. Each source becomes a module of its own, with its types,
// for those who import them; and the command becomes a bundle with its dependencies, which starts in less than half
// the time: docs/decisions/startup.md. Plain JavaScript: this runs on Node 20.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { rolldown } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = resolve(process.argv[2] ?? join(root, "dist"));
const commands = join(root, "src", "cli");

/** What `serve` needs is in the bundle; all other commands are the modules beside it. */
const UNBUNDLED = new Set([
  "auth.ts",
  "config.ts",
  "conform.ts",
  "doctor.ts",
  "emulator.ts",
  "explain.ts",
  "init.ts",
  "models.ts",
  "toxic.ts",
]);

function compile() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const project = join(root, "tsconfig.build.json");
  const { status } = spawnSync(process.execPath, [tsc, "-p", project, "--outDir", folder], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("The sources do not compile.");
}

async function bundle() {
  const build = await rolldown({
    input: { main: join(commands, "main.ts") },
    platform: "node",
    plugins: [builtins, commandsBeside, partsOfUndici],
    // Looked for beside the package at run time, if ever.
    external: ["node-llama-cpp", "openai"],
  });
  const { output } = await build.write({
    dir: join(folder, "cli"),
    format: "esm",
    // One name from build to build: a newer one takes the place of an older in the compile cache.
    entryFileNames: "[name].js",
    chunkFileNames: "bundle-[name].js",
    codeSplitting: { groups: [{ name: "node", test: /^\0(?:builtin:|rolldown)/ }] },
    // Names stay: stacks are read. ASCII alone is kept in half the memory.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true, asciiOnly: true } },
    comments: { legal: false, annotation: false, jsdoc: false },
  });
  await build.close();
  return output;
}

/**
 * Node's own modules without the copy of all their exports that `import` makes. Making it asks for `WebSocket` of
 * node:http and `webcrypto` of node:crypto, and so loads what is behind them: 15 MB, before anything runs.
 */
const builtins = {
  name: "builtins",
  resolveId: {
    order: "pre",
    handler: (source, importer) =>
      // The bundler's own runtime is under everything else.
      isBuiltin(source) && !importer?.startsWith("\0rolldown")
        ? { id: `\0builtin:${source.replace(/^node:/, "")}` }
        : null,
  },
  load: (id) => {
    if (!id.startsWith("\0builtin:")) return null;
    const name = id.slice("\0builtin:".length);
    // undici's own way without HTTP/2, which it is never asked for: a megabyte, and 10 ms.
    if (name === "http2") return { code: "module.exports = { constants: {} }", moduleType: "js" };
    return {
      code: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${name}`)})`,
      moduleType: "js",
    };
  },
};

const commandsBeside = {
  name: "commands-beside",
  resolveId: {
    order: "pre",
    handler: (source, importer) =>
      importer === join(commands, "program.ts") && UNBUNDLED.has(basename(source))
        ? { id: `./${basename(source, ".ts")}.js`, external: true }
        : null,
  },
};

/** The two parts of undici that are used; its index loads a whole `fetch`, caches and web sockets beside them. */
const partsOfUndici = {
  name: "parts-of-undici",
  resolveId: { order: "pre", handler: (source) => (source === "undici" ? { id: "\0undici" } : null) },
  load: (id) =>
    id === "\0undici"
      ? [
          `export { default as buildConnector } from ${JSON.stringify(undici("core", "connect.js"))};`,
          `export { default as Client } from ${JSON.stringify(undici("dispatcher", "client.js"))};`,
        ].join("\n")
      : null,
};

function undici(...path) {
  return join(root, "node_modules", "undici", "lib", ...path);
}

/** The licences of all that is in the bundle. */
function licenses(chunks) {
  const folders = new Set();
  for (const { modules = {} } of chunks) {
    for (const id of Object.keys(modules)) {
      const found = /^(?:\0[^/]*)?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id);
      if (found !== null) folders.add(found[1]);
    }
  }
  if (folders.size === 0) throw new Error("The bundle seems to have no dependencies in it.");
  const parts = [...folders].map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    const file = readdirSync(path).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
    const text = file === undefined ? `License: ${license}` : readFileSync(join(path, file), "utf8").trim();
    if (file === undefined && license === undefined) throw new Error(`${name} says nothing of its licence.`);
    return `${name} ${version}\n\n${text}\n`;
  });
  return `The command holds parts of these packages.\n\n${parts.toSorted().join(`\n${"-".repeat(80)}\n\n`)}`;
}

// Whoever runs what is there now keeps it until all of the new is there.
const folder = mkdtempSync(`${target}-`);
try {
  compile();
  const chunks = await bundle();
  writeFileSync(join(folder, "cli", "LICENSES.txt"), licenses(chunks));
  chmodSync(folder, 0o755);
  rmSync(target, { recursive: true, force: true });
  renameSync(folder, target);
} catch (error) {
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
