/** What a client makes of the chunks of a stream: whole choices, as the official SDKs put them together. */

type Fields = Record<string, unknown>;

/** Said anew with each delta, if at all; other texts are pieces of a longer one. */
const WHOLE_TEXTS: ReadonlySet<string> = new Set(["role", "id", "type", "name", "expires_at"]);
const ENVELOPE = ["id", "object", "model", "created", "system_fingerprint", "service_tier"];

/**
 * `{ choices, usage, id, model, … }`. A choice has the fields of its message beside `index`, `finish_reason` and
 * `logprobs`; a tool call has `name` and `arguments` beside its `function`.
 */
export function accumulate(chunks: readonly unknown[]): Fields {
  const message: Fields = {};
  const choices: Fields[] = [];
  for (const chunk of chunks) {
    if (!isFields(chunk)) continue;
    for (const key of ENVELOPE) if (chunk[key] !== undefined) message[key] = chunk[key];
    if (chunk["usage"] !== undefined && chunk["usage"] !== null) message["usage"] = chunk["usage"];
    for (const choice of listOf(chunk["choices"])) if (isFields(choice)) addChoice(choices, choice);
  }
  for (const choice of choices) nameToolCalls(choice);
  message["choices"] = choices.toSorted((one, other) => Number(one["index"]) - Number(other["index"]));
  return message;
}

function addChoice(choices: Fields[], { delta, index, finish_reason, logprobs, ...rest }: Fields): void {
  let known = choices.find((choice) => choice["index"] === index);
  if (known === undefined) {
    known = { index, content: null, finish_reason: null };
    choices.push(known);
  }
  if (isFields(delta)) addFields(known, delta);
  if (isFields(logprobs)) addFields((known["logprobs"] ??= {}) as Fields, logprobs);
  addFields(known, rest);
  if (finish_reason !== undefined && finish_reason !== null) known["finish_reason"] = finish_reason;
}

function addFields(known: Fields, added: Fields): void {
  for (const [key, value] of Object.entries(added)) {
    if (key === "__proto__" || value === undefined) continue;
    const before = Object.hasOwn(known, key) ? known[key] : undefined;
    if (value === null) {
      if (before === undefined) known[key] = null;
    } else if (typeof value === "string" && typeof before === "string" && !WHOLE_TEXTS.has(key)) {
      known[key] = before + value;
    } else if (Array.isArray(value)) {
      known[key] = addMembers(Array.isArray(before) ? before : [], value);
    } else if (isFields(value) && isFields(before)) {
      addFields(before, value);
    } else {
      known[key] = isFields(value) ? structuredClone(value) : value;
    }
  }
}

/** Members with an `index` are pieces of the member of that index. */
function addMembers(known: unknown[], added: readonly unknown[]): unknown[] {
  for (const member of added) {
    const index = isFields(member) ? member["index"] : undefined;
    const before =
      index === undefined ? undefined : known.find((one) => isFields(one) && one["index"] === index);
    if (isFields(before) && isFields(member)) addFields(before, member);
    else known.push(structuredClone(member));
  }
  return known;
}

function nameToolCalls(choice: Fields): void {
  for (const call of listOf(choice["tool_calls"])) {
    if (!isFields(call) || !isFields(call["function"])) continue;
    const { name, arguments: text } = call["function"];
    if (name !== undefined) call["name"] = name;
    if (text !== undefined) call["arguments"] = text;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
