/** A first configuration file, from what there is. */
import { DEFAULT_SETTINGS } from "../settings.ts";
import type { LocalServer } from "./local-servers.ts";
import type { Surroundings } from "./surroundings.ts";

export const SCHEMA_FILE = "pollux.schema.json";

/** The text of a commented `pollux.yaml` that can be used as it is. It holds no secret: keys stay in the environment. */
export function initialConfig(found: Surroundings): string {
  const upstreams = upstreamBlocks(found);
  const hasVertex = usesVertex(found);
  const first = upstreams[0]?.name ?? "emulator";
  return [
    `# yaml-language-server: $schema=./${SCHEMA_FILE}`,
    "# Configuration of the pollux gateway: `pollux serve --config pollux.yaml`.",
    "# `pollux config validate` checks it, `pollux config print --origin` shows it with every default.",
    "# ${NAME} is an environment variable; `file:path` in a secret's place reads it from a file.",
    "",
    "server:",
    `  host: ${DEFAULT_SETTINGS.host}`,
    `  port: ${DEFAULT_SETTINGS.port}`,
    "  # Keys that callers send as their OpenAI API key; needed to listen on any other address.",
    ...(found.hasAccessKeys
      ? ["  # POLLUX_API_KEYS is set, and wins over a list here."]
      : ['  # apiKeys: ["${POLLUX_KEY}"]']),
    "",
    "# Where models live. The first is the default.",
    "upstreams:",
    ...upstreams.flatMap(({ lines }) => [...lines, ""]),
    ...(upstreams.some(({ name }) => name === "emulator")
      ? []
      : ["  # Answers offline, for development and tests:", "  # emulator:", "  #   kind: emulator", ""]),
    "# Names that callers may use.",
    ...modelLines(found, first),
    "",
    "# For model ids that are no alias; the first that matches counts, else the default upstream.",
    ...routeLines(found, first, hasVertex),
    "",
  ].join("\n");
}

interface Block {
  name: string;
  lines: string[];
}

function usesVertex({ upstream, login, project }: Surroundings): boolean {
  return upstream.kind === "vertex" || (login !== undefined && project !== undefined);
}

function upstreamBlocks(found: Surroundings): Block[] {
  const express = found.upstream.kind === "vertex" && found.upstream.apiKey !== undefined;
  const vertex = usesVertex(found) ? [vertexBlock(found, express)] : [];
  const geminiApi =
    found.upstream.kind === "gemini-api" || (found.keyVariable !== undefined && !express)
      ? [geminiApiBlock(found.keyVariable)]
      : [];
  const google = found.upstream.kind === "gemini-api" ? [...geminiApi, ...vertex] : [...vertex, ...geminiApi];
  const real = [...google, ...found.servers.map(serverBlock)];
  if (found.asksForEmulator) return [{ name: "emulator", lines: EMULATOR }, ...real];
  return real.length > 0 ? real : [{ name: "emulator", lines: [...NOTHING_FOUND, ...EMULATOR] }];
}

const EMULATOR = ["  # Answers offline, for development and tests.", "  emulator:", "    kind: emulator"];

const NOTHING_FOUND = [
  "  # Nothing else was found. Put a real upstream in its place, for example:",
  "  #   vertex:",
  "  #     kind: vertex",
  "  #     project: my-project",
  "  #   gemini-api:",
  "  #     kind: gemini-api",
  '  #     apiKeys: ["${GEMINI_API_KEY}"]',
];

function vertexBlock({ project, location, login, keyVariable }: Surroundings, express: boolean): Block {
  const lines = ["  vertex:", "    kind: vertex"];
  if (express) lines.push(`    apiKey: \${${keyVariable}}`);
  else {
    if (project === undefined)
      lines.push("    # project: my-project            # left out: the credentials' own");
    else lines.push(`    project: ${text(project.id)} # from ${line(project.from)}`);
    lines.push(
      location === undefined
        ? `    location: ${DEFAULT_SETTINGS.location}`
        : `    location: ${text(location.id)} # from ${line(location.from)}`,
    );
    lines.push(
      login === undefined
        ? "    # No credentials were found: run `gcloud auth application-default login`."
        : `    # Application default credentials; now ${line(login.file)}`,
      "    credentials: { kind: adc }",
    );
  }
  return { name: "vertex", lines };
}

function geminiApiBlock(variable: string | undefined): Block {
  if (variable === undefined) {
    const lines = ["  # Each caller sends a Gemini API key.", "  gemini-api:", "    kind: gemini-api"];
    return { name: "gemini-api", lines };
  }
  return {
    name: "gemini-api",
    lines: ["  gemini-api:", "    kind: gemini-api", `    apiKeys: ["\${${variable}}"]`],
  };
}

function serverBlock({ name, product, baseUrl, models }: LocalServer): Block {
  return {
    name,
    lines: [
      `  # ${product}, found listening.`,
      `  ${name}:`,
      "    kind: openai-compatible",
      `    baseUrl: ${baseUrl}`,
      ...(models.length === 0 ? [] : ["    models:", ...models.map((model) => `      - ${text(model)}`)]),
    ],
  };
}

function modelLines(found: Surroundings, first: string): string[] {
  const [server] = found.servers;
  const model = server?.name === first ? server.models[0] : "google/gemini-3.5-flash";
  if (model === undefined) return ["# models:", "#   gpt-4o: another-model"];
  return ["models:", `  gpt-4o: ${text(model)}`];
}

/** The models of local servers need routes, unless the server is the default and gets everything. */
function routeLines(found: Surroundings, first: string, hasVertex: boolean): string[] {
  const routes = found.servers
    .filter(({ name }) => name !== first)
    .flatMap(({ name, models }) =>
      models.map((model) => [`  - match: ${text(model)}`, `    targets: [{ upstream: ${name} }]`]),
    );
  if (routes.length > 0) return ["routes:", ...routes.flat()];
  const both = hasVertex && found.keyVariable !== undefined && found.upstream.kind === "vertex";
  const example = both
    ? [
        "# routes:",
        "#   # Vertex AI first, and the Gemini API while it is busy.",
        '#   - match: "google/gemini-*"',
        "#     targets:",
        "#       - { upstream: vertex }",
        "#       - { upstream: gemini-api, priority: 2 }",
      ]
    : ["# routes:", '#   - match: "google/*"', `#     targets: [{ upstream: ${first} }]`];
  return example;
}

/** Plain where it can only be read as this text, else quoted. */
function text(value: string): string {
  return /^[A-Za-z][A-Za-z0-9._/-]*$/.test(value) && !/^(?:true|false|null|y|n|yes|no|on|off)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** For a comment, which a line break would end. */
function line(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029]/gu, " ");
}
