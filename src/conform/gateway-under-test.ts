/** What conform needs of a gateway, whoever made it. */
import type { Surface } from "./case-schema.ts";

export interface GatewayUnderTest {
  name: string;
  version: string;
  /** How it is run, for the report. */
  configuration: string;
  /** Which of Google's surfaces it can be pointed at. */
  surfaces: ReadonlySet<Surface>;
  /** How many cases may run side by side, each on a scripted Google of its own. */
  lanes: number;
  /**
   * The gateway in front of a scripted Google. One that keeps nothing from case to case gives a fresh one each time.
   * @param google address of the scripted Google
   */
  open(google: string, surface: Surface): Promise<OpenGateway>;
  close(): Promise<void>;
}

/** A gateway that listens. */
export interface OpenGateway {
  /** Without `/v1`. */
  url: string;
  /** Where its API is, if not under `/v1` of `url`. */
  apiBase?: string;
  /** Sent with each request; with the access key. */
  headers: Record<string, string>;
  /** Of somebody, and so not to be shown: `headers` has it as the bearer token. */
  secretKey?: string;
  /** How it calls a model of Google's. */
  model: (model: string) => string;
  close(): Promise<void>;
}

/** What stands in paths and configurations of the surfaces `vertex` and `endpoint`. */
export const VERTEX_SCOPE = {
  project: "conform-project",
  location: "us-central1",
  endpoint: "4242424242",
} as const;
