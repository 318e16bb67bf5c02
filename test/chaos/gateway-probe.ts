/** Loaded before `pollux serve` in a chaos run: tells its parent what it still holds, after a collection of garbage. */
import { setImmediate as turn } from "node:timers/promises";

export interface GatewayHolds {
  /** Bytes that are still in use. */
  heapUsed: number;
  /** Memory behind buffers, in bytes. */
  arrayBuffers: number;
  rss: number;
  /** What keeps the event loop busy, by type: timers, sockets, requests for names. */
  resources: Record<string, number>;
}

process.on("message", () => {
  void (async () => {
    // What a first collection finalises, a second one frees.
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc?.();
      await turn();
    }
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    const resources: Record<string, number> = {};
    for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
    process.send?.({ heapUsed, arrayBuffers, rss, resources } satisfies GatewayHolds);
  })();
});
// Listening for questions is no reason to stay alive.
process.channel?.unref();
