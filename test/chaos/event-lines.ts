/** A plain reader of server-sent events, apart from the gateway's own: `data:` lines and blank ones, nothing else expected. */
export class EventLines {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #onEvent: (data: string) => void;
  #rest = "";

  constructor(onEvent: (data: string) => void) {
    this.#onEvent = onEvent;
  }

  /** @throws when bytes are not UTF-8 or a line is none that the gateway may send */
  push(bytes: Buffer): void {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    for (let end = this.#rest.indexOf("\n\n"); end >= 0; end = this.#rest.indexOf("\n\n")) {
      const event = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      if (event.startsWith(":") && !event.includes("\n")) continue;
      if (!event.startsWith("data: ") || event.includes("\n")) {
        throw new Error(`not an event of this gateway: ${JSON.stringify(event.slice(0, 80))}`);
      }
      this.#onEvent(event.slice("data: ".length));
    }
  }

  /** @throws when the stream ended inside an event */
  end(): void {
    this.#decoder.decode();
    if (this.#rest !== "")
      throw new Error(`the stream ended inside an event: ${JSON.stringify(this.#rest.slice(0, 80))}`);
  }
}
