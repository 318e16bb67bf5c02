/**
 * A Gemini that runs offline: Vertex AI and the Gemini API over HTTP, with the token endpoints their clients need.
 * Written from Google's documents alone, so that it cannot share the gateway's mistakes.
 *
 * Not imitated: cached contents, files, batches, tuning, predict and embed methods, quotas, gRPC.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { EmulatorOptions, RecordedRequest } from "./emulator-options.ts";
import { EmulatorHandler } from "./emulator-handler.ts";
import { loadScript, type EmulatorRule } from "./script.ts";
import type { AccessTokens } from "./oauth/access-tokens.ts";
import { createServiceAccountKey, type ServiceAccountKey } from "./oauth/service-account-file.ts";

export type { EmulatorOptions, RecordedRequest } from "./emulator-options.ts";
export type { EmulatorRule, EmulatorScript, RuleConditions, RuleOutcome } from "./script.ts";
export { ScriptError } from "./script.ts";
export {
  createServiceAccountFile,
  createServiceAccountKey,
  type ServiceAccountKey,
  type ServiceAccountOptions,
} from "./oauth/service-account-file.ts";
export type { DeployedEndpoint } from "./deployed/endpoint.ts";
export { FAULTS } from "./faults.ts";
export { EMULATED_MODELS } from "./models.ts";
export type { EmulatedModel } from "./emulated-model.ts";

export interface Emulator {
  /** `http://host:port`, no slash at the end. */
  url: string;
  port: number;
  /** Past requests, newest last; at most `keepRequests` of them. */
  readonly requests: readonly RecordedRequest[];
  /** Requests received in all, kept or not. */
  readonly requestCount: number;
  /** Access tokens given out: `issued`, `issuedByGrant`, `lifetimeSeconds`, `revokeAll()`. */
  readonly tokens: AccessTokens;
  /** A new service account of this emulator; from then on its assertions must be signed with its key. */
  createServiceAccount(options?: { project?: string; clientEmail?: string }): Promise<ServiceAccountKey>;
  /** Adds a rule behind those in force. @throws {ScriptError} when it is not well formed. */
  addRule(rule: EmulatorRule): void;
  clearRules(): void;
  clearRequests(): void;
  /** Stops listening and drops open connections. */
  close(): Promise<void>;
}

/**
 * Starts an emulator.
 * @throws {ScriptError} when the script cannot be read; the listen error when the port is taken.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const script = typeof options.script === "string" ? await loadScript(options.script) : options.script;
  const handler = new EmulatorHandler(options, script?.rules ?? []);
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void handler.handle(request, response);
  });
  // A client may think between requests for longer than Node's default of five seconds.
  server.keepAliveTimeout = 75_000;
  server.requestTimeout = 0;
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    url,
    port,
    get requests() {
      return handler.log.kept;
    },
    get requestCount() {
      return handler.log.count;
    },
    tokens: handler.tokens,
    createServiceAccount: async (account = {}) => {
      const { key, publicKey } = await createServiceAccountKey({ url, ...account });
      handler.serviceAccountKeys.set(key.client_email, publicKey);
      return key;
    },
    addRule: (rule) => handler.rules.add(rule),
    clearRules: () => handler.rules.clear(),
    clearRequests: () => handler.log.clear(),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
