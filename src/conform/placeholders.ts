/** `$MODEL`, `${captured}` and `$BASE64(n)` in requests and facts. `$${` is a plain `${`. */
import type { CaseFile } from "./case-schema.ts";

const PLACEHOLDER = /\$\$\{|\$\{([A-Za-z]\w*)\}|\$MODEL\b|\$BASE64\((\d{1,9})\)/g;
const WHOLE_CAPTURE = /^\$\{([A-Za-z]\w*)\}$/;

export interface Bindings {
  /** The model as the gateway under test calls it. */
  model: string;
  captured: Readonly<Record<string, unknown>>;
}

/** The same value with its placeholders filled in. A text that is nothing but `${name}` becomes the captured value itself. */
export function filled<Value>(value: Value, bindings: Bindings): Value {
  return fill(value, bindings) as Value;
}

function fill(value: unknown, bindings: Bindings): unknown {
  if (typeof value === "string") return fillText(value, bindings);
  if (Array.isArray(value)) return value.map((member) => fill(member, bindings));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, bindings)]));
}

function fillText(text: string, { model, captured }: Bindings): unknown {
  if (!text.includes("$")) return text;
  const whole = WHOLE_CAPTURE.exec(text)?.[1];
  if (whole !== undefined) return captured[whole];
  return text.replace(PLACEHOLDER, (found: string, name: string | undefined, bytes: string | undefined) => {
    if (found === "$${") return "${";
    if (name !== undefined) return asText(captured[name]);
    return bytes === undefined ? model : base64(Number(bytes));
  });
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Bytes of no meaning, the same each time. */
function base64(bytes: number): string {
  const made = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index += 1) made[index] = (index * 31) % 251;
  return made.toString("base64");
}

/** Names that no earlier exchange captures, with where they stand. */
export function unknownPlaceholders(one: CaseFile): { at: PropertyKey[]; message: string }[] {
  const known = new Set<string>();
  const found: { at: PropertyKey[]; message: string }[] = [];
  const look = (value: unknown, at: PropertyKey[]): void => {
    if (typeof value === "string") {
      for (const [text, name] of value.matchAll(PLACEHOLDER)) {
        if (name === undefined || known.has(name)) continue;
        found.push({
          at,
          message: `${text} is captured by no earlier exchange (write $${text} for the text itself)`,
        });
      }
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value))
        look(inner, [...at, Array.isArray(value) ? Number(key) : key]);
    }
  };
  for (const [index, { request, sent, seen, sdk, capture = {} }] of one.exchanges.entries()) {
    for (const [key, value] of Object.entries({ request, sent, seen, sdk }))
      look(value, ["exchanges", index, key]);
    for (const name of Object.keys(capture)) known.add(name);
  }
  return found;
}
