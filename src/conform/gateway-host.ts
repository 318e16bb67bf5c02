/** A process that runs Pollux gateways for conform: a fresh one for each case takes milliseconds here, not a start of Node. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig, type RunningServer, serve } from "../serve.ts";
import type { Surface } from "./case-schema.ts";
import { polluxConfig } from "./pollux-config.ts";

export interface HostOrder {
  id: number;
  open?: { google: string; surface: Surface; folder: string; keyFile: object };
  close?: number;
}

export interface HostReport {
  id: number;
  url?: string;
  failed?: string;
}

const running = new Map<number, RunningServer>();

process.on("message", (order: HostOrder) => {
  void carryOut(order).then(
    (url) => report(url === undefined ? { id: order.id } : { id: order.id, url }),
    (error: unknown) =>
      report({ id: order.id, failed: error instanceof Error ? error.message : String(error) }),
  );
});
// Its parent is gone.
process.on("disconnect", () => process.exit());

async function carryOut({ id, open, close }: HostOrder): Promise<string | undefined> {
  if (close !== undefined) {
    const server = running.get(close);
    running.delete(close);
    await server?.close();
    return undefined;
  }
  if (open === undefined) return undefined;
  const { google, surface, folder, keyFile } = open;
  const keyPath = join(folder, `key-${id}.json`);
  const path = join(folder, `pollux-${id}.json`);
  writeFileSync(keyPath, JSON.stringify(keyFile), { mode: 0o600 });
  writeFileSync(path, JSON.stringify(polluxConfig(google, surface, keyPath)));
  const server = await serve(readConfig({}, {}, path).config, {
    credentials: { env: {} },
    reportBug: (error) => console.error(error),
  });
  running.set(id, server);
  return server.url;
}

function report(message: HostReport): void {
  process.send?.(message);
}
