/**
 * The faults a connection can be given. Names and attributes are those of toxiproxy, so that who knows it knows these:
 * https://github.com/Shopify/toxiproxy#toxics. `blackhole` is the one it does not have.
 */

export type ToxicType =
  | "latency"
  | "bandwidth"
  | "slicer"
  | "limit_data"
  | "timeout"
  | "slow_close"
  | "reset_peer"
  | "blackhole";

/** `upstream` is what the client sends, `downstream` what the upstream answers. */
export type ToxicStream = "upstream" | "downstream";

export interface Toxic {
  /** Default: `type_stream`, such as `latency_downstream`. */
  name?: string;
  type: ToxicType;
  /** Default `downstream`; a `blackhole` without it holds both directions. */
  stream?: ToxicStream;
  /** The share of connections it is put on, 0 to 1. Default 1. */
  toxicity?: number;
  attributes?: Readonly<Record<string, number>>;
}

/** A toxic whose every field is set and right. */
export interface CheckedToxic {
  readonly name: string;
  readonly type: ToxicType;
  readonly streams: readonly ToxicStream[];
  readonly toxicity: number;
  readonly attributes: Readonly<Record<string, number>>;
}

/** A toxic that does not exist or has a wrong attribute; the message says which and what is allowed. */
export class ToxicError extends Error {
  override readonly name = "ToxicError";
}

interface AttributeRule {
  readonly unit: string;
  readonly least: number;
  /** Without one it must be given. */
  readonly default?: number;
}

/** Each type with its attributes, what each counts, and the least it may be. */
export const TOXIC_ATTRIBUTES: Readonly<Record<ToxicType, Readonly<Record<string, AttributeRule>>>> = {
  latency: {
    latency: { unit: "ms", least: 0, default: 0 },
    jitter: { unit: "ms", least: 0, default: 0 },
  },
  bandwidth: { rate: { unit: "KB/s", least: 0.001 } },
  slicer: {
    average_size: { unit: "bytes", least: 1 },
    size_variation: { unit: "bytes", least: 0, default: 0 },
    delay: { unit: "µs", least: 0, default: 0 },
  },
  limit_data: { bytes: { unit: "bytes", least: 0 } },
  timeout: { timeout: { unit: "ms", least: 0, default: 0 } },
  slow_close: { delay: { unit: "ms", least: 0 } },
  reset_peer: { timeout: { unit: "ms", least: 0, default: 0 } },
  blackhole: {},
};

const TYPES = Object.keys(TOXIC_ATTRIBUTES) as ToxicType[];
const STREAMS: readonly ToxicStream[] = ["upstream", "downstream"];
/** The longest a timer of Node takes. */
const MOST = 2 ** 31 - 1;

/** @throws ToxicError */
export function checkToxic(toxic: Toxic): CheckedToxic {
  const { type } = toxic;
  if (!TYPES.includes(type)) {
    throw new ToxicError(`There is no toxic "${String(type)}". There are: ${TYPES.join(", ")}.`);
  }
  const { stream, toxicity = 1 } = toxic;
  if (stream !== undefined && !STREAMS.includes(stream)) {
    throw new ToxicError(
      `The stream of toxic ${type} is "${String(stream)}". It can be: ${STREAMS.join(", ")}.`,
    );
  }
  if (typeof toxicity !== "number" || !(toxicity >= 0 && toxicity <= 1)) {
    throw new ToxicError(
      `The toxicity of toxic ${type} is ${String(toxicity)}. It can be any number from 0 to 1.`,
    );
  }
  const streams = stream !== undefined ? [stream] : type === "blackhole" ? STREAMS : [STREAMS[1]!];
  const attributes = checkAttributes(type, toxic.attributes ?? {});
  const name = toxic.name ?? `${type}_${stream ?? (type === "blackhole" ? "both" : "downstream")}`;
  return { name, type, streams, toxicity, attributes };
}

function checkAttributes(
  type: ToxicType,
  given: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const rules = Object.entries(TOXIC_ATTRIBUTES[type]);
  const unknown = Object.keys(given).find((name) => !rules.some(([known]) => known === name));
  if (unknown !== undefined) {
    throw new ToxicError(`Toxic ${type} has no attribute "${unknown}". ${allowed(type)}`);
  }
  const checked: Record<string, number> = {};
  for (const [name, rule] of rules) {
    const value = Object.hasOwn(given, name) ? given[name] : rule.default;
    if (value === undefined) {
      throw new ToxicError(`Toxic ${type} needs the attribute "${name}" (${rule.unit}). ${allowed(type)}`);
    }
    if (typeof value !== "number" || !(value >= rule.least && value <= MOST)) {
      throw new ToxicError(
        `The attribute "${name}" of toxic ${type} is ${String(value)}. It can be any number of ${rule.unit} from ${rule.least} to ${MOST}.`,
      );
    }
    checked[name] = value;
  }
  if (type === "slicer" && checked["size_variation"]! >= checked["average_size"]!) {
    throw new ToxicError(
      'The attribute "size_variation" of toxic slicer must be less than its "average_size".',
    );
  }
  return checked;
}

function allowed(type: ToxicType): string {
  const names = Object.entries(TOXIC_ATTRIBUTES[type]).map(([name, { unit }]) => `${name} (${unit})`);
  return names.length === 0 ? "It takes none." : `It takes: ${names.join(", ")}.`;
}
