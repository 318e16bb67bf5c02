/** What the parts of the gateway tell of what happens, in closed sets and numbers: never a prompt, key or token. */
import type { ShedReason } from "../errors.ts";
import type { RequestRecord } from "./request-record.ts";

export type { ShedReason };

/** The steps of shedding load, mildest first. */
export type ShedStage = "none" | "no_keep_alive" | "no_large_bodies" | "no_requests";

/** Called on the hot path: implementations count and return. */
export interface Observer {
  /** A chat request came in; the others are told of only when they end. */
  requestBegan(record: RequestRecord): void;
  /** The first bytes of an answer that comes in pieces are on their way. */
  streamBegan(record: RequestRecord): void;
  /** It is over, whatever it was: called exactly once for each, and nothing in the record changes any more. */
  requestEnded(record: RequestRecord): void;
  /** One upstream attempt is over; `outcome` is the router's word for it, or `recovered` for a mended repeat. */
  attempted(upstream: string, outcome: string): void;
  /** An upstream's access token was fetched, or could not be. */
  tokenRefreshed(upstream: string, succeeded: boolean): void;
  /** A request was turned away under load. */
  shed(reason: ShedReason): void;
  /** The shed ladder has moved. */
  shedStage(stage: ShedStage): void;
  /** A client's connection was closed unread: there are as many as there may be. */
  connectionRefused(): void;
  /** A changed configuration came into force, or was refused. */
  configReloaded(succeeded: boolean): void;
}

/** For a gateway that nobody watches. */
export const SILENT_OBSERVER: Observer = {
  requestBegan() {},
  streamBegan() {},
  requestEnded() {},
  attempted() {},
  tokenRefreshed() {},
  shed() {},
  shedStage() {},
  connectionRefused() {},
  configReloaded() {},
};

/** One that tells several; what one of them leaves out, it does not hear of. */
export function observers(all: readonly Partial<Observer>[]): Observer {
  return {
    requestBegan(record) {
      for (const one of all) one.requestBegan?.(record);
    },
    streamBegan(record) {
      for (const one of all) one.streamBegan?.(record);
    },
    requestEnded(record) {
      for (const one of all) one.requestEnded?.(record);
    },
    attempted(upstream, outcome) {
      for (const one of all) one.attempted?.(upstream, outcome);
    },
    tokenRefreshed(upstream, succeeded) {
      for (const one of all) one.tokenRefreshed?.(upstream, succeeded);
    },
    shed(reason) {
      for (const one of all) one.shed?.(reason);
    },
    shedStage(stage) {
      for (const one of all) one.shedStage?.(stage);
    },
    connectionRefused() {
      for (const one of all) one.connectionRefused?.();
    },
    configReloaded(succeeded) {
      for (const one of all) one.configReloaded?.(succeeded);
    },
  };
}
