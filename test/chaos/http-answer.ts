/** Reads HTTP/1.1 answers from a socket by hand, so that how each one ended is known exactly. */

export interface HttpAnswer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
}

export interface AnswerListener {
  onHead(answer: HttpAnswer): void;
  /** Part of the body, as bytes. */
  onBody(bytes: Buffer): void;
  /** The body is whole, by its length or its last chunk. */
  onEnd(): void;
}

type State = "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailer" | "until-close";

/** Reads one answer after the other; a 1xx is passed over. Throws on what is not HTTP. */
export class HttpAnswerReader {
  readonly #listener: AnswerListener;
  #rest: Buffer = Buffer.alloc(0);
  #state: State = "head";
  #left = 0;

  constructor(listener: AnswerListener) {
    this.#listener = listener;
  }

  /** Part of an answer has come, and not all of it. */
  get inAnswer(): boolean {
    return this.#state !== "head" || this.#rest.length > 0;
  }

  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#step());
  }

  /** The connection was closed in order. */
  close(): void {
    if (this.#state !== "until-close") return;
    this.#state = "head";
    this.#listener.onEnd();
  }

  /** True while there may be more to do with what is there. */
  #step(): boolean {
    switch (this.#state) {
      case "head": {
        const end = this.#rest.indexOf("\r\n\r\n");
        if (end < 0) return false;
        const head = this.#rest.toString("latin1", 0, end);
        this.#rest = this.#rest.subarray(end + 4);
        this.#head(head);
        return true;
      }
      case "length":
      case "chunk": {
        if (this.#left === 0) {
          if (this.#state === "length") this.#end();
          else this.#state = "chunk-end";
          return true;
        }
        return this.#body(this.#left);
      }
      case "until-close":
        return this.#body(this.#rest.length);
      default: {
        const end = this.#rest.indexOf("\r\n");
        if (end < 0) return false;
        const line = this.#rest.toString("latin1", 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        this.#line(line);
        return true;
      }
    }
  }

  #head(head: string): void {
    const [first = "", ...lines] = head.split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1];
    if (status === undefined) throw new Error(`not an HTTP answer: ${JSON.stringify(first.slice(0, 80))}`);
    if (status.startsWith("1")) return;
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    this.#listener.onHead({ status: Number(status), headers });
    if (headers["transfer-encoding"] === "chunked") this.#state = "chunk-size";
    else if (headers["content-length"] === undefined) this.#state = "until-close";
    else {
      this.#state = "length";
      this.#left = Number(headers["content-length"]);
    }
  }

  #line(line: string): void {
    if (this.#state === "chunk-size") {
      if (!/^[0-9a-fA-F]+$/.test(line))
        throw new Error(`not a chunk's size: ${JSON.stringify(line.slice(0, 80))}`);
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? "trailer" : "chunk";
    } else if (this.#state === "chunk-end") {
      if (line !== "") throw new Error("a chunk is longer than its size");
      this.#state = "chunk-size";
    } else if (line === "") this.#end();
  }

  #body(most: number): boolean {
    if (this.#rest.length === 0) return false;
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#left -= bytes.length;
    this.#listener.onBody(bytes);
    return true;
  }

  #end(): void {
    this.#state = "head";
    this.#listener.onEnd();
  }
}
