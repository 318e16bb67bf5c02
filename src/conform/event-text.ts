/** Server-sent events as a client reads them, by https://html.spec.whatwg.org/multipage/server-sent-events.html. */

export interface EventText {
  event: string;
  data: string;
}

/** Give it text as it comes. */
export class EventReader {
  readonly comments: string[] = [];
  #pending = "";
  #event = "";
  #data: string[] = [];
  #started = false;

  /** The events that the text completes. */
  push(text: string): EventText[] {
    if (!this.#started && text !== "") {
      this.#started = true;
      if (text.startsWith("\ufeff")) text = text.slice(1);
    }
    this.#pending += text;
    const events: EventText[] = [];
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(this.#pending);
      if (end === null) return events;
      const line = this.#pending.slice(0, end.index);
      this.#pending = this.#pending.slice(end.index + end[0].length);
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
  }

  #line(line: string): EventText | undefined {
    if (line === "") {
      const event = { event: this.#event, data: this.#data.join("\n") };
      const isEmpty = this.#data.length === 0;
      this.#event = "";
      this.#data = [];
      return isEmpty ? undefined : event;
    }
    if (line.startsWith(":")) {
      this.comments.push(line.slice(1).trim());
      return undefined;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    return undefined;
  }
}
