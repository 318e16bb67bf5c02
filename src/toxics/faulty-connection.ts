import { Socket } from "node:net";
import { Link, type LinkOwner } from "./link.ts";
import { seededRandom } from "./seeded-random.ts";
import type { CheckedToxic } from "./toxic.ts";

/** A client's connection and the one made for it to the upstream. */
export class FaultyConnection implements LinkOwner {
  readonly #client: Socket;
  readonly #upstream = new Socket({ allowHalfOpen: true });
  readonly #target: { host: string; port: number };
  readonly #seed: number;
  readonly #number: number;
  readonly #onClosed: () => void;
  readonly #links: { upstream: Link; downstream: Link };
  #connecting = false;
  #closed = false;

  /** `number` counts connections: with the seed it decides what befalls this one. */
  constructor(
    client: Socket,
    target: { host: string; port: number },
    seed: number,
    number: number,
    onClosed: () => void,
  ) {
    this.#client = client;
    this.#target = target;
    this.#seed = seed;
    this.#number = number;
    this.#onClosed = onClosed;
    this.#links = {
      upstream: new Link(client, this.#upstream, this),
      downstream: new Link(this.#upstream, client, this),
    };
    for (const socket of [client, this.#upstream]) {
      // What befalls one side befalls the other, and no connection is known of that the upstream refused.
      socket.on("error", () => this.reset());
      socket.on("close", () => {
        if (client.destroyed && this.#upstream.destroyed) this.#finish();
      });
    }
  }

  attach(toxic: CheckedToxic): void {
    for (const stream of toxic.streams) {
      const random = seededRandom(this.#seed, `${toxic.name} ${stream} ${this.#number}`);
      if (random() < toxic.toxicity) this.#links[stream].attach(toxic, random);
    }
  }

  detach(name: string): void {
    this.#links.upstream.detach(name);
    this.#links.downstream.detach(name);
    if (!this.#closed) this.start();
  }

  /** Connects to the upstream, unless a blackhole swallows what would be sent there. */
  start(): void {
    if (this.#connecting || this.#links.upstream.blackholed) return;
    this.#connecting = true;
    this.#upstream.setNoDelay(true).connect(this.#target);
  }

  sourceEnded(): void {
    const { upstream, downstream } = this.#links;
    // Nobody is left who could be told of what a blackhole or timeout holds.
    const allEnded = upstream.ended && (downstream.ended || !this.#connecting);
    if (allEnded && (upstream.holds || downstream.holds)) this.destroy();
  }

  cut(link: Link): void {
    this.#closeLinks();
    link.destination.destroySoon();
    link.source.destroy();
  }

  destroy(): void {
    this.#closeLinks();
    this.#client.destroy();
    this.#upstream.destroy();
    this.#finish();
  }

  reset(): void {
    this.#closeLinks();
    this.#client.resetAndDestroy();
    this.#upstream.resetAndDestroy();
    this.#finish();
  }

  #closeLinks(): void {
    this.#links.upstream.close();
    this.#links.downstream.close();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeLinks();
    this.#onClosed();
  }
}
