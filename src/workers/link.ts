/** Questions and answers between two processes, over whatever carries messages in order. */

/** By name, what is sent and what comes back; `void` where nothing does. */
export type Contract = Record<string, { body: unknown; answer: unknown }>;

export type Handlers<Taken extends Contract> = {
  [Name in keyof Taken]: (
    body: Taken[Name]["body"],
  ) => Taken[Name]["answer"] | Promise<Taken[Name]["answer"]>;
};

/** What an error is on the way: classes do not survive it. */
export interface SentError {
  name: string;
  message: string;
  code?: string;
}

type Message =
  | { kind: "tell"; name: string; body: unknown }
  | { kind: "ask"; id: number; name: string; body: unknown }
  | { kind: "answer"; id: number; answer: unknown }
  | { kind: "refuse"; id: number; error: SentError };

/** The other process has ended, or did not answer in time. */
export class LinkLost extends Error {
  override readonly name = "LinkLost";
}

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** One end of it: `Sent` is what this end asks, `Taken` what it answers. */
export class Link<Sent extends Contract, Taken extends Contract> {
  readonly #send: (message: Message) => void;
  readonly #handlers: Handlers<Taken>;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #lost = false;

  constructor(send: (message: unknown) => void, handlers: Handlers<Taken>) {
    this.#send = send;
    this.#handlers = handlers;
  }

  /** Sends without waiting for anything. */
  tell<Name extends keyof Sent & string>(name: Name, body: Sent[Name]["body"]): void {
    if (!this.#lost) this.#send({ kind: "tell", name, body });
  }

  /** @throws LinkLost; and what the other end threw, as an `Error` with its name, message and code */
  ask<Name extends keyof Sent & string>(
    name: Name,
    body: Sent[Name]["body"],
    withinMs: number,
  ): Promise<Sent[Name]["answer"]> {
    if (this.#lost) return Promise.reject(new LinkLost("The other process has ended."));
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new LinkLost(`The other process did not answer within ${withinMs} ms.`));
      }, withinMs).unref();
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject, timer });
      this.#send({ kind: "ask", id, name, body });
    });
  }

  /** A message that came from the other end. */
  take(received: unknown): void {
    const message = received as Message;
    switch (message.kind) {
      case "tell":
        void this.#handle(message.name, message.body);
        break;
      case "ask":
        this.#handle(message.name, message.body).then(
          (answer) => this.#send({ kind: "answer", id: message.id, answer }),
          (error: unknown) => this.#send({ kind: "refuse", id: message.id, error: sentError(error) }),
        );
        break;
      case "answer":
        this.#settle(message.id)?.resolve(message.answer);
        break;
      case "refuse":
        this.#settle(message.id)?.reject(receivedError(message.error));
        break;
      default:
        message satisfies never;
    }
  }

  /** The other end is gone: whoever waits for it is told. */
  lose(): void {
    this.#lost = true;
    for (const id of this.#waiting.keys())
      this.#settle(id)?.reject(new LinkLost("The other process has ended."));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    return waiting;
  }

  async #handle(name: string, body: unknown): Promise<unknown> {
    const handler = this.#handlers[name];
    if (handler === undefined) throw new Error(`nobody answers ${name}`);
    return handler(body);
  }
}

export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { name: error.name, message: error.message, ...(code === undefined ? {} : { code }) };
}

/** Under its old name, by which the command line knows what it means. */
export function receivedError({ name, message, code }: SentError): Error {
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name, configurable: true });
  return code === undefined ? error : Object.assign(error, { code });
}
