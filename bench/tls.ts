/** The same upstream behind TLS 1.3, ended by nginx on the load's core: Google's own end is always TLS. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOAD_CORE, type Running, start } from "./processes.ts";
import { CACHE } from "./setup.ts";

export interface TlsFront {
  running: Running;
  url: string;
  /** The certificate that is to be trusted. */
  certificate: string;
}

export async function startTls(nginx: string, port: number, upstream: string): Promise<TlsFront> {
  const folder = join(CACHE, "run", "tls");
  mkdirSync(folder, { recursive: true });
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
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log warn;
events { worker_connections 10000; }
http {
  access_log off; keepalive_requests 1000000000; client_max_body_size 100m;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream plain { server ${new URL(upstream).host}; keepalive 1000; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_protocols TLSv1.3;
    location / { proxy_pass http://plain; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`,
  );
  const running = await start({
    command: nginx,
    argv: ["-c", file, "-p", folder],
    cwd: folder,
    port,
    core: LOAD_CORE,
    log: join(folder, "output.log"),
  });
  return { running, url: `https://localhost:${port}`, certificate };
}
