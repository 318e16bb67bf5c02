/** Who is measured, each in its fairest production configuration. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GATEWAY_CORE, type Running, start } from "./processes.ts";
import { CACHE, ROOT, type Tools } from "./setup.ts";
import type { Workload } from "./workloads.ts";

export interface Contestant {
  name: string;
  version: string;
  /** How it is run, for the report. */
  configuration: string;
  /** Absent for `direct`, which has no process. */
  start?: (port: number, upstream: string) => Promise<Running>;
  /** What is sent for a workload. */
  request: (workload: Workload) => { path: string; headers: Record<string, string>; body: unknown };
  speaks: "openai" | "gemini";
  /** Answers it needs before it is as fast as it gets. */
  warm: number;
}

export const ACCESS_KEY = "pk-bench-0123456789abcdef0123456789abcdef";
/** V8 goes on compiling for some 50,000 requests; a gateway that is slow is warmed by fewer, or the run would never end. */
const WARM = 60_000;
const WARM_SLOW = 20_000;

const openai =
  (prefix: string, headers: Record<string, string>) =>
  (workload: Workload): ReturnType<Contestant["request"]> => ({
    path: "/v1/chat/completions",
    headers,
    body: {
      model: `${prefix}${workload.model}`,
      ...workload.body,
      ...(workload.stream ? { stream: true } : {}),
    },
  });

/** What reaches Google, asked for by the load itself: the least an answer can cost. */
const gemini = (workload: Workload): ReturnType<Contestant["request"]> => ({
  path: `/v1beta/models/${workload.model}:${workload.stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  headers: { "x-goog-api-key": "bench" },
  body: { contents: [{ role: "user", parts: [{ text: JSON.stringify(workload.body["messages"]) }] }] },
});

export const DIRECT: Contestant = {
  name: "direct",
  version: "",
  configuration: "the load asks the upstream itself",
  request: gemini,
  speaks: "gemini",
  warm: 1000,
};

export function nginx({ nginx: tool }: Tools): Contestant | undefined {
  if ("missing" in tool) return undefined;
  return {
    name: "nginx",
    version: tool.version,
    configuration: "plain proxy of Gemini requests, one worker, kept connections, no buffering, no log",
    start: (port, upstream) => {
      const folder = made("nginx");
      const file = join(folder, "nginx.conf");
      writeFileSync(file, nginxConfig(folder, port, upstream));
      return run("nginx", tool.path, ["-c", file, "-p", folder], port);
    },
    request: gemini,
    speaks: "gemini",
    warm: WARM,
  };
}

/** As users run it: keys, notes, metrics, a request log, signatures and limits are on. */
export function pollux(options: {
  name: string;
  bare?: boolean;
  env?: Record<string, string>;
  argv?: readonly string[];
  limits?: Record<string, unknown>;
  /** For Node.js itself. */
  nodeArgv?: readonly string[];
  /** Default: the built command. */
  entry?: string;
}): Contestant {
  const { name, bare = false, env = {}, argv = [], limits = {}, nodeArgv = [] } = options;
  return {
    name,
    version: "this tree",
    configuration: bare
      ? "no access keys, no request log"
      : "access keys, notes, metrics, a request log of every request, signatures, limits: the defaults",
    start: (port, upstream) => {
      const folder = made(name);
      const file = join(folder, "pollux.json");
      const config = {
        server: { host: "127.0.0.1", port, ...(bare ? {} : { apiKeys: [ACCESS_KEY] }) },
        limits: { upstreamConnections: 6000, ...OPEN_LIMITS, ...limits },
        upstreams: { google: { kind: "gemini-api", apiKeys: ["bench-key"], baseUrl: upstream } },
        ...(bare ? { log: { requests: "off" } } : {}),
      };
      writeFileSync(file, JSON.stringify(config, null, 2));
      const entry = options.entry ?? join(ROOT, "dist/cli/main.js");
      const command = [...nodeArgv, entry, "serve", "--config", file, ...argv];
      return run(name, process.execPath, command, port, env);
    },
    request: openai("google/", bare ? {} : { authorization: `Bearer ${ACCESS_KEY}` }),
    speaks: "openai",
    warm: WARM,
  };
}

/** The load comes from one address and one key: the caps that are for many callers stay on, at their highest. */
const OPEN_LIMITS: Record<string, unknown> = {};

export function portkey({ portkey: tool }: Tools): Contestant | undefined {
  if ("missing" in tool) return undefined;
  return {
    name: "Portkey",
    version: tool.version,
    configuration: "from npm, on the same Node, headless, NODE_ENV=production",
    start: (port) =>
      run("portkey", process.execPath, [tool.path, "--headless", `--port=${port}`], port, {
        NODE_ENV: "production",
        TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost",
      }),
    request: (workload) =>
      openai("", {
        authorization: "Bearer bench",
        "x-portkey-provider": "google",
        "x-portkey-custom-host": `${UPSTREAM_FOR_HEADERS.url}/v1beta`,
      })(workload),
    speaks: "openai",
    warm: WARM,
  };
}

/** Portkey is told its upstream with each request. */
export const UPSTREAM_FOR_HEADERS = { url: "" };

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
      return run("litellm", tool.path, argv, port, {
        LITELLM_LOG: "ERROR",
        LITELLM_MODE: "PRODUCTION",
        LITELLM_LOCAL_MODEL_COST_MAP: "True",
        LITELLM_TELEMETRY: "False",
        NO_DOCS: "True",
      });
    },
    request: openai("", { authorization: "Bearer sk-bench" }),
    speaks: "openai",
    warm: WARM_SLOW,
  };
}

const LITELLM_MODELS = [
  "gemini-bench-1-0",
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
    start: (port, upstream) => run("bifrost", tool.path, [String(port), upstream], port, { GOMAXPROCS: "1" }),
    request: openai("", {}),
    speaks: "openai",
    warm: WARM,
  };
}

function made(name: string): string {
  const folder = join(CACHE, "run", name.replaceAll(/\W+/g, "-"));
  mkdirSync(folder, { recursive: true });
  return folder;
}

function run(
  name: string,
  command: string,
  argv: readonly string[],
  port: number,
  env: Record<string, string> = {},
): Promise<Running> {
  const log = join(made(name), "output.log");
  return start({ command, argv, env, cwd: made(name), port, core: GATEWAY_CORE, log });
}

function nginxConfig(folder: string, port: number, upstream: string): string {
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log warn;
worker_rlimit_nofile 60000;
events { worker_connections 30000; }
http {
  access_log off; keepalive_requests 1000000000; client_max_body_size 100m; client_body_buffer_size 16m;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream gemini { server ${new URL(upstream).host}; keepalive 6000; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=8192;
    location / { proxy_pass http://gemini; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_request_buffering on; proxy_read_timeout 600s; }
  }
}
`;
}
