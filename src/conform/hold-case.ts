/** A case held open, so that its last request can be made by hand as often as one likes. */
import { curlOf } from "./curl.ts";
import { valueAt } from "./fact-path.ts";
import type { GatewayUnderTest } from "./gateway-under-test.ts";
import type { Case } from "./load-cases.ts";
import { filled } from "./placeholders.ts";
import { PLAIN, plainRequest } from "./run-case.ts";
import { ScriptedGoogle } from "./scripted-google.ts";

export interface HeldCase {
  curl: string;
  close(): Promise<void>;
}

/** The gateway and the scripted Google stay up, after all exchanges of the case but the last. */
export async function holdCase(one: Case, gateway: GatewayUnderTest, port?: number): Promise<HeldCase> {
  const google = await ScriptedGoogle.start(port);
  const opened = await gateway.open(google.url, one.surface);
  const captured: Record<string, unknown> = {};
  const bindings = { model: opened.model(one.model), captured };
  for (const exchange of one.exchanges.slice(0, -1)) {
    google.begin(exchange.google);
    const { view } = await PLAIN.ask(
      filled(exchange.request, bindings),
      opened,
      exchange.within_ms ?? 15_000,
    );
    await google.settle();
    for (const [name, path] of Object.entries(exchange.capture ?? {})) captured[name] = valueAt(view, path);
  }
  const last = one.exchanges.at(-1);
  if (last === undefined) throw new Error(`${one.id} has no exchange`);
  google.begin(last.google);
  return {
    curl: curlOf(plainRequest(filled(last.request, bindings), opened), opened.secretKey),
    close: async () => {
      await opened.close();
      await google.close();
    },
  };
}
