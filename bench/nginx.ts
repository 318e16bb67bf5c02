/** nginx as the limit, a plain proxy, and as what ends TLS before the upstream: Google's own end is always TLS. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contestant, gemini, made, run } from "./contestants.ts";
import { PACES } from "./pace.ts";
import { LOAD_CORE, type Running } from "./processes.ts";
import { NGINX } from "./results.ts";
import type { Tools } from "./setup.ts";

export function nginx({ nginx: tool }: Tools): Contestant | undefined {
  if ("missing" in tool) return undefined;
  return {
    name: NGINX,
    version: tool.version,
    configuration: "plain proxy of Gemini requests, one worker, kept connections, no buffering, no log",
    start: (port, upstream) => {
      const folder = made("nginx");
      const file = join(folder, "nginx.conf");
      const server = `listen 127.0.0.1:${port} backlog=8192; ${proxyTo("gemini")}`;
      writeFileSync(file, nginxConfig(folder, "gemini", upstream, server));
      return run("nginx", tool.path, ["-c", file, "-p", folder], port);
    },
    request: gemini,
    speaks: "gemini",
    pace: PACES[NGINX],
  };
}

export interface TlsFront {
  running: Running;
  url: string;
  /** The certificate that is to be trusted. */
  certificate: string;
}

/** The same upstream behind TLS 1.3, on the load's core. */
export async function startTls(program: string, port: number, upstream: string): Promise<TlsFront> {
  const folder = made("tls");
  const key = join(folder, "key.pem");
  const certificate = join(folder, "certificate.pem");
  execFileSync(
    "openssl",
    // prettier-ignore
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
      "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
    { stdio: "ignore" },
  );
  const file = join(folder, "nginx.conf");
  const server = `listen 127.0.0.1:${port} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};
    ssl_protocols TLSv1.3; ${proxyTo("plain")}`;
  writeFileSync(file, nginxConfig(folder, "plain", upstream, server));
  const running = await run("tls", program, ["-c", file, "-p", folder], port, { cores: LOAD_CORE });
  return { running, url: `https://localhost:${port}`, certificate };
}

function proxyTo(name: string): string {
  return `location / {
      proxy_pass http://${name}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering on; proxy_read_timeout 600s;
    }`;
}

function nginxConfig(folder: string, name: string, upstream: string, server: string): string {
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log warn;
worker_rlimit_nofile 60000;
events { worker_connections 30000; }
http {
  access_log off; keepalive_requests 1000000000; client_max_body_size 100m; client_body_buffer_size 16m;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream ${name} { server ${new URL(upstream).host}; keepalive 6000; keepalive_requests 1000000000; }
  server {
    ${server}
  }
}
`;
}
