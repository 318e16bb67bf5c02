import type { DeployedEndpoint } from "./deployed/endpoint.ts";
import type { EmulatorScript } from "./script.ts";

export interface EmulatorOptions {
  /** Address to listen on; default `127.0.0.1`. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Rules from the start: a parsed script, or the path of a YAML or JSON file. */
  script?: string | EmulatorScript;
  /** Seconds that issued access tokens live; default 3600, as at Google. */
  tokenLifetimeSeconds?: number;
  /**
   * "strict": only tokens issued here and still live, and only keys of `apiKeys`. "lenient" (default): any credential
   * that is not empty, except tokens issued here that have expired.
   */
  requireAuth?: "strict" | "lenient";
  /** API keys that "strict" accepts. */
  apiKeys?: readonly string[];
  /** PEM public keys by `client_email`; a service account named here must sign its JWT with that key. */
  serviceAccountKeys?: ReadonlyMap<string, string>;
  /** What the metadata server calls its project; default `emulated-project`. */
  project?: string;
  /** Self-deployed endpoints that exist; without it every endpoint id does, and serves whatever model is named. */
  endpoints?: readonly DeployedEndpoint[];
  /** Clock in milliseconds since the epoch; default `Date.now`. Delays between events are real time. */
  now?: () => number;
  /**
   * Makes ids repeat from run to run: the same requests in the same order get the same response and call ids.
   * Without it ids are random. Signatures are accepted by every emulator with the same seed.
   */
  seed?: string | number;
  /** Milliseconds between stream events; default 5. */
  paceMs?: number;
  /** Characters of text per stream event; default 40. */
  chunkCharacters?: number;
  /** Bytes of the largest request body; default 500 MB on Vertex and 100 MB on the Gemini API, as documented. */
  maxRequestBytes?: { vertex?: number; geminiApi?: number };
  /** How many past requests `requests` keeps, newest last; default 100, 0 keeps none; at most 32 million characters of bodies. */
  keepRequests?: number;
}

/** One request as the emulator saw it. */
export interface RecordedRequest {
  method: string;
  /** Path and query as sent. */
  url: string;
  /** Lower-case names; repeated headers joined. */
  headers: Readonly<Record<string, string>>;
  /** Parsed JSON, the raw text where it was not JSON, undefined where there was none. */
  body: unknown;
  /** Milliseconds since the epoch. */
  at: number;
  /** HTTP status sent; undefined until then. */
  status?: number;
  /** Candidate and thought tokens of the answer, once decided. */
  generatedTokens?: number;
  /** The client left before the answer was complete. */
  abandoned?: boolean;
}
