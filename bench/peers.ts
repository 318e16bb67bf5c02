/** The other gateways, each in its fairest production configuration on one core. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LITELLM_ENV } from "../src/conform/peer-gateways.ts";
import { type Contestant, made, openai, run } from "./contestants.ts";
import { PACES } from "./pace.ts";
import type { Tools } from "./setup.ts";

/** @param upstream which Portkey is told with each request */
export function portkey({ portkey: tool }: Tools, upstream: string): Contestant | undefined {
  if ("missing" in tool) return undefined;
  return {
    name: "Portkey",
    version: tool.version,
    configuration: "from npm, on the same Node, headless, NODE_ENV=production",
    start: (port) =>
      run("portkey", process.execPath, [tool.path, "--headless", `--port=${port}`], port, {
        env: { NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" },
      }),
    request: openai("", {
      authorization: "Bearer bench",
      "x-portkey-provider": "google",
      "x-portkey-custom-host": `${upstream}/v1beta`,
    }),
    speaks: "openai",
    pace: PACES.Portkey,
  };
}

export function litellm({ litellm: tool }: Tools): Contestant | undefined {
  if ("missing" in tool) return undefined;
  return {
    name: "LiteLLM",
    version: tool.version,
    configuration: "proxy from PyPI, one worker, a master key, no database, request logs at ERROR",
    start: (port, upstream) => {
      const folder = made("litellm");
      const file = join(folder, "config.yaml");
      const models = LITELLM_MODELS.map(
        (model) =>
          `  - model_name: ${model}\n    litellm_params: {model: "gemini/${model}", api_base: "${upstream}", api_key: bench}\n`,
      );
      writeFileSync(
        file,
        `model_list:\n${models.join("")}general_settings: {master_key: sk-bench}\nlitellm_settings: {set_verbose: false, request_timeout: 600, num_retries: 0}\n`,
      );
      const argv = ["--config", file, "--port", String(port), "--host", "127.0.0.1", "--num_workers", "1"];
      return run("litellm", tool.path, argv, port, { env: LITELLM_ENV });
    },
    request: openai("", { authorization: "Bearer sk-bench" }),
    speaks: "openai",
    pace: PACES.LiteLLM,
  };
}

const LITELLM_MODELS = [
  "gemini-bench-1-0",
  "gemini-bench-1-20",
  "gemini-bench-50-0",
  "gemini-bench-50-20",
  "gemini-bench-100-2000",
  "gemini-bench-tool",
  "gemini-bench-json",
];

export function bifrost({ bifrost: tool }: Tools): Contestant | undefined {
  if ("missing" in tool) return undefined;
  return {
    name: "Bifrost",
    version: tool.version,
    configuration: "its Go core behind fasthttp, GOMAXPROCS=1: no plugins, no keys, no log",
    start: (port, upstream) =>
      run("bifrost", tool.path, [String(port), upstream], port, { env: { GOMAXPROCS: "1" } }),
    request: openai("", {}),
    speaks: "openai",
    pace: PACES.Bifrost,
  };
}
