import { ToxicError, TOXIC_ATTRIBUTES, type Toxic, type ToxicStream, type ToxicType } from "./toxic.ts";

/**
 * Reads a toxic as a command line gives it: `latency:latency=200,jitter=50`. Beside the attributes of its type it can
 * have `name`, `stream` and `toxicity`. Whether the values are right is for `startFaultProxy` to say.
 * @throws ToxicError when it is not of that form
 */
export function parseToxic(text: string): Toxic {
  const colon = text.indexOf(":");
  const type = (colon === -1 ? text : text.slice(0, colon)).trim() as ToxicType;
  const toxic: Toxic = { type };
  const attributes: [string, number][] = [];
  for (const pair of colon === -1 ? [] : text.slice(colon + 1).split(",")) {
    const [key = "", value, ...more] = pair.split("=").map((side) => side.trim());
    if (key === "" || value === undefined || value === "" || more.length > 0) {
      throw new ToxicError(`"${pair}" of the toxic "${text}" is not name=value. Write ${example(type)}.`);
    }
    if (key === "name") toxic.name = value;
    else if (key === "stream") toxic.stream = value as ToxicStream;
    else if (key === "toxicity") toxic.toxicity = numberOf(key, value, text);
    else attributes.push([key, numberOf(key, value, text)]);
  }
  if (attributes.length > 0) toxic.attributes = Object.fromEntries(attributes);
  return toxic;
}

function numberOf(key: string, value: string, text: string): number {
  const number = Number(value);
  if (Number.isNaN(number)) throw new ToxicError(`The ${key} of the toxic "${text}" is no number: ${value}.`);
  return number;
}

function example(type: string): string {
  const rules = Object.hasOwn(TOXIC_ATTRIBUTES, type) ? TOXIC_ATTRIBUTES[type as ToxicType] : {};
  const names = Object.keys(rules);
  return names.length === 0
    ? "latency:latency=200,jitter=50"
    : `${type}:${names.map((name) => `${name}=100`).join(",")}`;
}
