/** What the parts of the gateway tell of what happens, in closed sets and numbers: never a prompt, key or token. */

/** The steps of shedding load, mildest first. */
export type ShedStage = "none" | "no_keep_alive" | "no_large_bodies" | "no_requests";

/** Why a request was turned away before anything was done for it. */
export type ShedReason =
  | "event_loop"
  | "memory"
  | "in_flight"
  | "key_in_flight"
  | "queue_full"
  | "queue_timeout"
  | "failed_keys"
  | "draining";

/** Called on the hot path: implementations count and return. */
export interface Observer {
  /** One upstream attempt is over; `outcome` is the router's word for it, or `recovered` for a mended repeat. */
  attempted(upstream: string, outcome: string): void;
  /** An upstream's access token was fetched, or could not be. */
  tokenRefreshed(upstream: string, succeeded: boolean): void;
  /** A request was turned away under load. */
  shed(reason: ShedReason): void;
  /** The shed ladder has moved. */
  shedStage(stage: ShedStage): void;
  /** A changed configuration came into force, or was refused. */
  configReloaded(succeeded: boolean): void;
}

/** For a gateway that nobody watches. */
export const SILENT_OBSERVER: Observer = {
  attempted() {},
  tokenRefreshed() {},
  shed() {},
  shedStage() {},
  configReloaded() {},
};
