/** Streams and completions as OpenAI sends them, with other servers' extra fields, for property tests. */
import fc from "fast-check";

export type Json = Record<string, unknown>;

const CHUNK_KEYS = [
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "error",
  "system_fingerprint",
  "service_tier",
];
const CHOICE_KEYS = ["index", "delta", "message", "finish_reason", "finishReason", "logprobs"];
const DELTA_KEYS = [
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
  "images",
  "annotations",
  "extra_content",
];

const SERVERS_OWN = [
  "reasoning_content",
  "matched_stop",
  "prompt_token_ids",
  "timings",
  "toString",
  "constructor",
];

/** Fields of a server's own. `__proto__` is left out only because an object literal cannot hold it. */
function extras(known: readonly string[]): fc.Arbitrary<Json> {
  const key = fc
    .oneof(fc.constantFrom(...SERVERS_OWN), fc.string({ minLength: 1, maxLength: 8 }))
    .filter((name) => !known.includes(name) && name !== "__proto__");
  return fc
    .dictionary(key, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2, noNullPrototype: true })
    .map(({ reasoning_content: reasoning, ...rest }) =>
      // Text wherever it is sent, and clients join it.
      typeof reasoning === "string" ? { reasoning_content: reasoning, ...rest } : rest,
    );
}

export interface Call {
  id: string;
  name: string;
  /** The JSON text of an object, cut into the fragments that are streamed. */
  fragments: string[];
}

const callArbitrary: fc.Arbitrary<Call> = fc
  .record({
    id: fc.uuid().map((id) => `call_${id}`),
    name: fc.constantFrom("get_weather", "get_time", "note"),
    args: fc.dictionary(
      fc.string({ maxLength: 5 }),
      fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 1 })),
      {
        maxKeys: 3,
        noNullPrototype: true,
      },
    ),
    pretty: fc.boolean(),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  })
  .map(({ id, name, args, pretty, cuts }) => {
    const text = JSON.stringify(args, null, pretty ? 2 : 0);
    const at = [0, ...cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b), text.length];
    return { id, name, fragments: at.slice(1).map((end, i) => text.slice(at[i], end)) };
  });

/** The deltas of one choice, the last one empty, and why it ended. */
interface ChoicePlan {
  deltas: Json[];
  finish: string;
  extras: Json;
}

const choiceArbitrary: fc.Arbitrary<ChoicePlan> = fc
  .record({
    content: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
    reasoning: fc.array(fc.string({ minLength: 1 }), { maxLength: 2 }),
    calls: fc.uniqueArray(callArbitrary, { maxLength: 3, selector: ({ id }) => id }),
    ended: fc.constantFrom("stop", "length", "content_filter"),
    delta: extras(DELTA_KEYS),
    choice: extras(CHOICE_KEYS),
  })
  .map(({ content, reasoning, calls, ended, delta, choice }) => {
    const deltas: Json[] = [{ role: "assistant", content: "", refusal: null }];
    for (const text of reasoning) deltas.push({ ...delta, reasoning_content: text });
    for (const text of content) deltas.push({ content: text, ...delta });
    for (const [index, call] of calls.entries()) {
      const called = { name: call.name, arguments: "" };
      deltas.push({ tool_calls: [{ index, id: call.id, type: "function", function: called }] });
      for (const text of call.fragments)
        deltas.push({ tool_calls: [{ index, function: { arguments: text } }] });
    }
    const finish = ended === "stop" && calls.length > 0 ? "tool_calls" : ended;
    return { deltas: [...deltas, {}], finish, extras: choice };
  });

/** Chunks of one well-formed stream; `maxChoices` of 1 keeps every call's deltas together. */
export function streamArbitrary(maxChoices: number): fc.Arbitrary<Json[]> {
  return fc
    .record({
      id: fc.uuid().map((id) => `chatcmpl-${id}`),
      created: fc.nat(),
      model: fc.constantFrom("served-model", "google/gemini-3.5-flash"),
      choices: fc.array(choiceArbitrary, { minLength: 1, maxLength: maxChoices }),
      order: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
      usage: fc.option(fc.record({ prompt_tokens: fc.nat(1000), completion_tokens: fc.nat(1000) })),
      more: extras(CHUNK_KEYS),
    })
    .map(({ id, created, model, choices, order, usage, more }) => {
      const envelope = { id, object: "chat.completion.chunk", created, model, system_fingerprint: null };
      const mention = usage === null ? {} : { usage: null };
      const chunk = (index: number, delta: Json, finish_reason: string | null, choice: Json): Json => ({
        ...envelope,
        choices: [{ index, delta, finish_reason, logprobs: null, ...choice }],
        ...mention,
        ...more,
      });
      // Every choice begins in turn; after that they go on in any order.
      const chunks = choices.map((plan, index) => chunk(index, plan.deltas[0] ?? {}, null, plan.extras));
      const rest = choices.map((plan, index) => ({ plan, index, next: 1 }));
      for (let turn = 0; rest.length > 0; turn += 1) {
        const at = (order[turn % order.length] ?? 0) % rest.length;
        const going = rest[at];
        if (going === undefined) break;
        const { plan, index } = going;
        const isLast = going.next === plan.deltas.length - 1;
        chunks.push(chunk(index, plan.deltas[going.next] ?? {}, isLast ? plan.finish : null, plan.extras));
        going.next += 1;
        if (isLast) rest.splice(at, 1);
      }
      if (usage !== null) {
        const total_tokens = usage.prompt_tokens + usage.completion_tokens;
        chunks.push({ ...envelope, choices: [], usage: { ...usage, total_tokens }, ...more });
      }
      return chunks;
    });
}

/** A well-formed whole answer. */
export const completionArbitrary: fc.Arbitrary<Json> = fc
  .record({
    id: fc.uuid(),
    created: fc.nat(),
    choices: fc.array(
      fc.record({
        content: fc.option(fc.string()),
        calls: fc.uniqueArray(callArbitrary, { maxLength: 2, selector: ({ id }) => id }),
        ended: fc.constantFrom("stop", "length", "content_filter"),
        message: extras(DELTA_KEYS),
        choice: extras(CHOICE_KEYS),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    prompt_tokens: fc.nat(1000),
    completion_tokens: fc.nat(1000),
    more: extras(CHUNK_KEYS),
  })
  .map(({ id, created, choices, prompt_tokens, completion_tokens, more }) => ({
    id,
    object: "chat.completion",
    created,
    model: "served-model",
    choices: choices.map(({ content, calls, ended, message, choice }, index) => {
      const tool_calls = calls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.fragments.join("") },
      }));
      return {
        index,
        message: {
          role: "assistant",
          content,
          refusal: null,
          ...(tool_calls.length === 0 ? {} : { tool_calls }),
          ...message,
        },
        finish_reason: ended === "stop" && tool_calls.length > 0 ? "tool_calls" : ended,
        logprobs: null,
        ...choice,
      };
    }),
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    ...more,
  }));
