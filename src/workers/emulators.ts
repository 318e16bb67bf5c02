/** The emulators that all workers ask: rules of a script may count requests, whichever worker they come from. */
import type { Emulator } from "../emulator/server.ts";

export class Emulators {
  readonly #running = new Map<string, Promise<Emulator>>();

  /**
   * The address of an upstream's, started when it is first asked for.
   * @throws ScriptError
   */
  async urlOf(upstream: string, script: string | undefined): Promise<string> {
    const key = JSON.stringify([upstream, script]);
    let emulator = this.#running.get(key);
    if (emulator === undefined) {
      emulator = start(script);
      this.#running.set(key, emulator);
      // A script that cannot be read now may be mended.
      emulator.catch(() => this.#running.delete(key));
    }
    return (await emulator).url;
  }
}

async function start(script: string | undefined): Promise<Emulator> {
  const { startEmulator } = await import("../emulator/server.ts");
  return startEmulator(script === undefined ? {} : { script });
}
