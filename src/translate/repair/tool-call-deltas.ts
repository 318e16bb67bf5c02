/**
 * The tool calls of one streamed choice. OpenAI numbers them from 0 by `index`, names each once, in its first delta,
 * and sends only arguments after that; clients join what bears the same number. Upstreams leave the number out
 * (Google's layer: openai-python#2806), give every call the number 0 (Ollama: ollama#15457) or repeat ids and names,
 * which clients then join as text.
 */
import { nonEmpty, record } from "../gemini-to-openai/lenient.ts";
import { ArgumentText } from "./argument-text.ts";
import { type Json, position, without } from "./json.ts";
import type { Repairs } from "./repairs.ts";
import { signatureOf } from "./signature.ts";
import { argumentsAsText, toolCallList } from "./tool-calls.ts";

export interface StreamedCall {
  /** As sent to the client. */
  index: number;
  isCustom: boolean;
  upstreamId: string | undefined;
  name: string;
  arguments: ArgumentText;
  signed: boolean;
}

/** What tells one call from another in a delta. */
interface Marks {
  index: number | undefined;
  id: string | undefined;
  name: string | undefined;
  /** It brings arguments, so it is not only the repetition of a name. */
  hasArguments: boolean;
}

export class ToolCallDeltas {
  readonly #mint: () => string;
  readonly #repairs: Repairs;
  readonly calls: StreamedCall[] = [];
  readonly #byIndex = new Map<number, StreamedCall>();
  readonly #byId = new Map<string, StreamedCall>();
  readonly #sentIds = new Set<string>();
  /** The beginning of a call whose name has not come yet. */
  #nameless: Json | undefined;

  constructor(mint: () => string, repairs: Repairs) {
    this.#mint = mint;
    this.#repairs = repairs;
  }

  /** A call has begun that cannot be sent without its name. */
  get incomplete(): boolean {
    return this.#nameless !== undefined;
  }

  /** The first call, if it could still be given a signature: of calls made together only the first has one. */
  get unsignedFirst(): StreamedCall | undefined {
    const first = this.calls[0];
    return first?.signed === false ? first : undefined;
  }

  /** The call sent under this number has been given a signature. */
  markSigned(index: unknown): void {
    const call = this.calls.find((known) => known.index === index);
    if (call !== undefined) call.signed = true;
  }

  /** The deltas to send for one `delta.tool_calls`; the very array that was given when nothing was wrong with it. */
  push(given: unknown): unknown {
    const entries = toolCallList(given, this.#repairs);
    const touched = new Set<StreamedCall>();
    const sent: Json[] = [];
    for (const entry of entries) {
      const delta = this.#entry(entry, touched);
      if (delta !== undefined) sent.push(delta);
    }
    const isSame =
      Array.isArray(given) && sent.length === given.length && sent.every((delta, at) => delta === given[at]);
    return isSame ? given : sent;
  }

  /** Deltas that give `{}` to calls that came without arguments. */
  completions(): Json[] {
    return this.calls
      .filter((call) => !call.isCustom && call.arguments.empty)
      .map((call) => {
        this.#repairs.add("arguments");
        return { index: call.index, function: { arguments: call.arguments.push("{}") } };
      });
  }

  #entry(given: Json, touched: Set<StreamedCall>): Json | undefined {
    const entry = joinNameless(this.#nameless, given);
    const payload = record(entry["function"]) ?? record(entry["custom"]);
    const marks: Marks = {
      index: position(entry["index"]),
      id: nonEmpty(entry["id"]),
      name: nonEmpty(payload?.["name"]),
      hasArguments: !["", undefined, null].includes(payload?.["arguments"] as string | undefined | null),
    };
    const isJoined = entry !== given;
    const known = isJoined ? undefined : this.#find(marks, touched);
    if (known !== undefined) {
      touched.add(known);
      return this.#continued(entry, known);
    }
    if (marks.name === undefined) {
      this.#nameless = entry;
      this.#repairs.add("toolCallName");
      return undefined;
    }
    if (isJoined) this.#nameless = undefined;
    const call = this.#open(entry, marks, marks.name);
    touched.add(call);
    return this.#first(entry, call, marks.id);
  }

  /** The call that a delta goes on with; undefined when it begins a new one. */
  #find(marks: Marks, touched: Set<StreamedCall>): StreamedCall | undefined {
    const { index, id, name } = marks;
    const byId = id === undefined ? undefined : this.#byId.get(id);
    const known = index === undefined ? this.#findUnnumbered(marks, byId) : this.#byIndex.get(index);
    if (known === undefined) return name === undefined ? byId : undefined;
    if (id !== undefined && known.upstreamId !== undefined && id !== known.upstreamId) {
      return byId !== undefined && !beginsAnew(byId, marks, touched) ? byId : undefined;
    }
    return beginsAnew(known, marks, touched) ? undefined : known;
  }

  #findUnnumbered({ id, name }: Marks, byId: StreamedCall | undefined): StreamedCall | undefined {
    const last = this.calls.at(-1);
    if (id === undefined) return last;
    // An id that comes after the name belongs to the call still without one.
    return byId ?? (name === undefined && last?.upstreamId === undefined ? last : undefined);
  }

  #open(entry: Json, { index, id }: Marks, name: string): StreamedCall {
    const call: StreamedCall = {
      index: this.calls.length,
      isCustom: record(entry["function"]) === undefined,
      upstreamId: id,
      name,
      arguments: new ArgumentText(),
      signed: signatureOf(entry) !== undefined,
    };
    this.calls.push(call);
    if (index !== undefined) this.#byIndex.set(index, call);
    if (id !== undefined) this.#byId.set(id, call);
    return call;
  }

  #first(given: Json, call: StreamedCall, upstreamId: string | undefined): Json {
    let entry = this.#numbered(given, call);
    let id = upstreamId;
    if (id === undefined || this.#sentIds.has(id)) {
      id = this.#mint();
      entry = { ...entry, id };
      this.#repairs.add("toolCallId");
    }
    this.#sentIds.add(id);
    if (nonEmpty(entry["type"]) === undefined) {
      entry = { ...entry, type: call.isCustom ? "custom" : "function" };
      this.#repairs.add("toolCallType");
    }
    return this.#withArguments(entry, call, true);
  }

  #continued(given: Json, call: StreamedCall): Json {
    let entry = this.#numbered(given, call);
    if (signatureOf(entry) !== undefined) call.signed = true;
    const key = call.isCustom ? "custom" : "function";
    const payload = record(entry[key]);
    const bare = payload === undefined ? undefined : without(payload, "name");
    const rest = without(nonEmpty(entry["type"]) === undefined ? without(entry, "type") : entry, "id");
    if (rest !== entry || bare !== payload) {
      this.#repairs.add("repeatedToolCall");
      entry = bare === undefined ? rest : { ...rest, [key]: bare };
    }
    return this.#withArguments(entry, call, false);
  }

  #numbered(entry: Json, call: StreamedCall): Json {
    if (entry["index"] === call.index) return entry;
    this.#repairs.add("toolCallIndex");
    return { ...entry, index: call.index };
  }

  #withArguments(entry: Json, call: StreamedCall, isFirst: boolean): Json {
    if (call.isCustom) return entry;
    const called = record(entry["function"]) ?? {};
    const given = called["arguments"];
    const text = argumentsAsText(given, this.#repairs) ?? "";
    const escaped = call.arguments.push(text);
    if (escaped !== text) this.#repairs.add("argumentsEscaped");
    // Strict clients want `function` on every delta, OpenAI's own first delta always has arguments.
    if (escaped === given || (given === undefined && !isFirst && record(entry["function"]) !== undefined)) {
      return entry;
    }
    if (given === undefined || given === null) this.#repairs.add("arguments");
    return { ...entry, function: { ...called, arguments: escaped } };
  }
}

/** The delta names a call, and it is not the known one being named again. */
function beginsAnew(known: StreamedCall, marks: Marks, touched: Set<StreamedCall>): boolean {
  if (marks.name === undefined) return false;
  if (marks.name !== known.name) return true;
  if (!known.arguments.complete && !touched.has(known)) return false;
  // With the known one's own mark, nothing but more arguments tells another call from a repetition.
  return marks.hasArguments || (marks.id === undefined && marks.index === undefined);
}

/** A later delta put on the beginning that waits for its name: fields of the later one win, arguments are joined. */
function joinNameless(beginning: Json | undefined, later: Json): Json {
  if (beginning === undefined) return later;
  const [wanted, found] = [position(beginning["index"]), position(later["index"])];
  if (wanted !== undefined && found !== undefined && wanted !== found) return later;
  const [before, after] = [record(beginning["function"]), record(later["function"])];
  const [head, tail] = [before?.["arguments"], after?.["arguments"]];
  const isText = typeof head === "string" && typeof tail === "string";
  return {
    ...beginning,
    ...later,
    id: nonEmpty(later["id"]) ?? beginning["id"],
    function: { ...before, ...after, arguments: isText ? head + tail : (tail ?? head) },
  };
}
