/** Port 0 made a real one: a worker that is started later has to find the port that the others are on. */
import { createServer, type AddressInfo } from "node:net";
import type { Config } from "../config/config.ts";

/** The same configuration; where it says 0, with a port that was free a moment ago. */
export async function withRealPort(config: Config): Promise<Config> {
  const { server } = config;
  if (server.port !== 0) return config;
  return { ...config, server: { ...server, port: await freePort(server.host) } };
}

async function freePort(host: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen({ host, port: 0 }, resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
