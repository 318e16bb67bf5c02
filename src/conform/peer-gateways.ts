/** Other makers' gateways, each started as its documentation says and pointed at the scripted Google. */
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type ChildGateway, freePort, startChild } from "./child-gateway.ts";
import type { Surface } from "./case-schema.ts";
import { type GatewayUnderTest, type OpenGateway, VERTEX_SCOPE } from "./gateway-under-test.ts";
import { serviceAccountKey } from "./service-account-key.ts";

const { project, location, endpoint } = VERTEX_SCOPE;
const KEY = "sk-conform";

/** @param script Portkey's `build/start-server.js` */
export async function startPortkey(script: string): Promise<GatewayUnderTest> {
  const port = await freePort();
  const child = await startChild({
    command: process.execPath,
    argv: [script, "--headless", `--port=${port}`],
    port,
    env: { NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" },
  });
  return {
    name: "Portkey",
    version: packageVersion(join(dirname(script), "..", "package.json")),
    configuration:
      "from npm, headless, NODE_ENV=production; provider and upstream named by headers of each request",
    surfaces: new Set(["gemini-api", "vertex", "endpoint"]),
    lanes: 2,
    open: (google, surface) =>
      Promise.resolve(
        opened(child, portkeyHeaders(google, surface), (model) =>
          surface === "endpoint" ? `endpoints.${endpoint}` : model,
        ),
      ),
    close: () => child.stop(),
  };
}

function portkeyHeaders(google: string, surface: Surface): Record<string, string> {
  if (surface === "gemini-api") {
    return {
      authorization: "Bearer conform-google-key",
      "x-portkey-provider": "google",
      "x-portkey-custom-host": `${google}/v1beta`,
    };
  }
  return {
    authorization: "Bearer ya29.conform",
    "x-portkey-provider": "vertex-ai",
    "x-portkey-custom-host": google,
    "x-portkey-vertex-project-id": project,
    "x-portkey-vertex-region": location,
  };
}

/** For LiteLLM as in production: no debug log, no list of prices fetched, nothing told to its makers. */
export const LITELLM_ENV: Readonly<Record<string, string>> = {
  LITELLM_LOG: "ERROR",
  LITELLM_MODE: "PRODUCTION",
  LITELLM_LOCAL_MODEL_COST_MAP: "True",
  LITELLM_TELEMETRY: "False",
  NO_DOCS: "True",
};

/**
 * @param binary LiteLLM's command
 * @param models those that will be asked for
 */
export async function startLitellm(
  binary: string,
  models: ReadonlySet<string>,
  google: string,
): Promise<GatewayUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "pollux-conform-"));
  const keyFile = join(folder, "key.json");
  const config = join(folder, "config.json");
  writeFileSync(keyFile, JSON.stringify(serviceAccountKey(google)), { mode: 0o600 });
  writeFileSync(config, JSON.stringify(litellmConfig(models, google, keyFile)));
  const port = await freePort();
  const child = await startChild({
    command: binary,
    argv: ["--config", config, "--port", String(port), "--host", "127.0.0.1", "--num_workers", "1"],
    port,
    env: LITELLM_ENV,
  });
  return {
    name: "LiteLLM",
    version: await commandVersion(binary),
    configuration:
      "The proxy from PyPI with google-auth, one worker, drop_params, a master key, no database, no retries, no cooldowns",
    surfaces: new Set(["gemini-api", "vertex", "endpoint"]),
    lanes: 1,
    open: (_, surface) =>
      Promise.resolve(
        opened(child, { authorization: `Bearer ${KEY}` }, (model) => litellmName(model, surface)),
      ),
    close: async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function litellmName(model: string, surface: Surface): string {
  if (surface === "endpoint") return "conform-endpoint";
  return surface === "vertex" ? `vertex-${model}` : model;
}

function litellmConfig(models: ReadonlySet<string>, google: string, keyFile: string): object {
  const vertex = {
    api_base: google,
    vertex_project: project,
    vertex_location: location,
    vertex_credentials: keyFile,
  };
  const entries = [...models].flatMap((model) => [
    {
      model_name: litellmName(model, "gemini-api"),
      litellm_params: {
        model: `gemini/${model}`,
        api_base: `${google}/v1beta`,
        api_key: "conform-google-key",
      },
    },
    {
      model_name: litellmName(model, "vertex"),
      litellm_params: { model: `vertex_ai/${model}`, ...vertex },
    },
  ]);
  const deployed = {
    model_name: litellmName("", "endpoint"),
    litellm_params: { model: `vertex_ai/openai/${endpoint}`, ...vertex },
  };
  return {
    model_list: [...entries, deployed],
    general_settings: { master_key: KEY },
    // What a model does not know is left out, as its documentation advises for clients of OpenAI's.
    litellm_settings: { drop_params: true, request_timeout: 600, num_retries: 0 },
    // Each case is to meet the gateway as it was.
    router_settings: { disable_cooldowns: true, num_retries: 0 },
  };
}

/** @param binary a server on Bifrost's core, called with a port and the address of Google */
export async function startBifrost(binary: string, google: string): Promise<GatewayUnderTest> {
  const port = await freePort();
  const child = await startChild({
    command: binary,
    argv: [String(port), google],
    port,
    // As its own transport: fields that it has no name for reach the core, which knows some of them.
    env: { EXTRA_PARAMS: "1" },
  });
  return {
    name: "Bifrost",
    version: await bifrostVersion(binary),
    configuration: "Its Go core behind a plain HTTP server, no plugins, no keys",
    surfaces: new Set(["gemini-api"]),
    lanes: 1,
    open: () => Promise.resolve(opened(child, {}, (model) => model)),
    close: () => child.stop(),
  };
}

function opened(
  child: ChildGateway,
  headers: Record<string, string>,
  model: OpenGateway["model"],
): OpenGateway {
  return { url: child.url, headers, model, close: () => Promise.resolve() };
}

function packageVersion(path: string): string {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  } catch {
    return "?";
  }
}

async function commandVersion(binary: string): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, ["--version"]).catch(() => ({ stdout: "" }));
  return /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? "?";
}

/** What Go wrote into the binary about its modules. */
async function bifrostVersion(binary: string): Promise<string> {
  const { stdout } = await promisify(execFile)("go", ["version", "-m", binary]).catch(() => ({ stdout: "" }));
  return /maximhq\/bifrost\/core\s+v(\S+)/.exec(stdout)?.[1] ?? "?";
}
