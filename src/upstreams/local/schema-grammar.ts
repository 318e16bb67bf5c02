/**
 * JSON Schema as a GBNF grammar: whatever the grammar lets through is valid by the schema, as far as a grammar can
 * tell. Objects list their properties in the schema's order; keys beyond those come only where the schema allows them.
 * GBNF: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
 */
import { invalidRequest } from "../../errors.ts";
import { ownField } from "../../wire/own-field.ts";
import { integerRange } from "./integer-range.ts";
import { mergeSchemas, type Schema } from "./merge-schemas.ts";

/** Repetitions that llama.cpp expands, so large ones are not asked of it. */
const MOST_REPETITIONS = 1_000;
const MOST_RULES = 4_000;
const DEEPEST = 64;

/** What a grammar of this kind cannot hold a model to. */
const UNENFORCEABLE = [
  "pattern",
  "multipleOf",
  "not",
  "if",
  "dependentRequired",
  "dependentSchemas",
  "contains",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "patternProperties",
  "propertyNames",
  "unevaluatedProperties",
  "unevaluatedItems",
];

const FIXED_RULES = {
  value: `object | array | string | number | "true" | "false" | "null"`,
  object: `"{" (string ":" " "? value ("," " "? string ":" " "? value)*)? "}"`,
  array: `"[" (value ("," " "? value)*)? "]"`,
  string: `"\\"" char* "\\""`,
  char: `[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" hex{4})`,
  hex: "[0-9a-fA-F]",
  number: `integer ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?`,
  integer: `"-"? ("0" | [1-9] [0-9]{0,15})`,
};

const FORMATS: ReadonlyMap<string, string> = new Map([
  ["date", "day"],
  ["time", "clock"],
  ["date-time", `day "T" clock`],
  ["uuid", `hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}`],
]);
const FORMAT_RULES = {
  // 29 February passes in every year: a grammar does not count.
  day: `[0-9]{4} "-" (("01" | "03" | "05" | "07" | "08" | "10" | "12") "-" (upto29 | "30" | "31") | ("04" | "06" | "09" | "11") "-" (upto29 | "30") | "02" "-" upto29)`,
  upto29: `"0" [1-9] | [12] [0-9]`,
  clock: `([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})? ("Z" | [+-] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])`,
};

/** One schema within a request. */
interface Scope {
  root: Schema;
  /** Where the schema stands in the request. */
  path: string;
  /** Refuse what cannot be enforced, rather than let it be. */
  strict: boolean;
  /** Rules of the `$ref`s met so far. */
  refs: Map<string, string>;
}

/** Rules being gathered for one grammar; `toString` with the expression to start from. */
export class SchemaGrammar {
  readonly #rules = new Map<string, string>(Object.entries({ ...FIXED_RULES, ...FORMAT_RULES }));
  #next = 0;

  /**
   * An expression for the values that `schema` allows. `path` names it in errors. With `strict`, what a grammar cannot
   * enforce is refused; otherwise the answer may break such a rule.
   * Throws `invalid_request` for what is no schema, or allows nothing.
   */
  add(schema: unknown, path: string, strict: boolean): string {
    const root = typeof schema === "object" && schema !== null && !Array.isArray(schema) ? schema : {};
    const scope: Scope = { root: root as Schema, path, strict, refs: new Map() };
    return this.#expression(schema, scope, path, 0, []);
  }

  /** A rule of its own, for an expression that is used in several places. */
  rule(expression: string): string {
    const name = this.#reserve();
    this.#rules.set(name, expression);
    return name;
  }

  toString(root: string): string {
    return [`root ::= ${root}`, ...[...this.#rules].map(([name, body]) => `${name} ::= ${body}`)].join("\n");
  }

  #reserve(): string {
    if (this.#next >= MOST_RULES)
      throw invalidRequest(
        null,
        `The JSON schemas of this request are too large: they need more than ${MOST_RULES} grammar rules.`,
      );
    return `r${this.#next++}`;
  }

  /** `through` are the `$ref`s followed since the last object or array: meeting one again would never end. */
  #expression(
    schema: unknown,
    scope: Scope,
    path: string,
    depth: number,
    through: readonly string[],
  ): string {
    if (depth > DEEPEST) throw invalidRequest(path, `The schema is nested more than ${DEEPEST} levels deep.`);
    if (schema === true) return "value";
    if (schema === false) throw invalidRequest(path, "The schema `false` allows no value at all.");
    if (!isSchema(schema)) throw invalidRequest(path, "A JSON schema is an object, or `true`.");
    const again = (inner: unknown, innerPath: string): string =>
      this.#expression(inner, scope, innerPath, depth + 1, through);

    if (ownField(schema, "$ref") !== undefined) return this.#reference(schema, scope, path, depth, through);
    if (Object.hasOwn(schema, "const")) return literal(JSON.stringify(schema["const"]));
    const allowed = ownField(schema, "enum");
    if (allowed !== undefined) {
      if (!Array.isArray(allowed) || allowed.length === 0)
        throw invalidRequest(`${path}.enum`, "`enum` is a list with at least one value.");
      return this.rule(allowed.map((value) => literal(JSON.stringify(value))).join(" | "));
    }
    const all = ownField(schema, "allOf");
    if (all !== undefined) {
      const { allOf: _, ...rest } = schema;
      const merged = list(all, `${path}.allOf`).reduce<Schema>(
        (sum, part) => mergeSchemas(sum, this.#resolved(part, scope, `${path}.allOf`)),
        rest,
      );
      return again(merged, path);
    }
    for (const key of ["anyOf", "oneOf"]) {
      const branches = ownField(schema, key);
      if (branches === undefined) continue;
      const { [key]: _, ...rest } = schema;
      const constrains = Object.keys(rest).some((name) => !ANNOTATIONS.has(name));
      const forms = list(branches, `${path}.${key}`).map((branch, at) =>
        again(
          constrains ? mergeSchemas(rest, this.#resolved(branch, scope, `${path}.${key}[${at}]`)) : branch,
          `${path}.${key}[${at}]`,
        ),
      );
      return this.rule(forms.map((form) => `(${form})`).join(" | "));
    }

    if (scope.strict) this.#refuseUnenforceable(schema, path);
    const types = typesOf(schema, path);
    const forms = types.map((type) => this.#ofType(type, schema, scope, path, depth));
    if (ownField(schema, "nullable") === true && !types.includes("null")) forms.push(`"null"`);
    return forms.length === 1 ? forms[0]! : this.rule(forms.map((form) => `(${form})`).join(" | "));
  }

  #ofType(type: string, schema: Schema, scope: Scope, path: string, depth: number): string {
    switch (type) {
      case "object":
        return this.#object(schema, scope, path, depth);
      case "array":
        return this.#array(schema, scope, path, depth);
      case "string":
        return this.#string(schema, scope, path);
      case "integer":
        return this.#integer(schema, path);
      case "number":
        return this.#number(schema, scope, path);
      case "boolean":
        return `("true" | "false")`;
      case "null":
        return `"null"`;
      case "any":
        return "value";
      default:
        throw invalidRequest(`${path}.type`, `${JSON.stringify(type)} is no JSON type.`);
    }
  }

  #object(schema: Schema, scope: Scope, path: string, depth: number): string {
    const properties = new Map(Object.entries(record(ownField(schema, "properties"), `${path}.properties`)));
    const required = new Set(
      list(ownField(schema, "required") ?? [], `${path}.required`).map((name) => {
        if (typeof name !== "string")
          throw invalidRequest(`${path}.required`, "`required` is a list of names.");
        return name;
      }),
    );
    for (const name of required) if (!properties.has(name)) properties.set(name, true);
    const additional = ownField(schema, "additionalProperties");
    const others =
      additional === undefined ? properties.size === 0 : additional !== false ? additional : undefined;
    const extra =
      others === undefined || others === false
        ? undefined
        : this.rule(
            `${this.#otherKey([...properties.keys()])} ":" " "? (${this.#expression(others, scope, `${path}.additionalProperties`, depth + 1, [])})`,
          );

    const pairs = [...properties].map(([name, value]) => ({
      required: required.has(name),
      pair: `${literal(JSON.stringify(name))} ":" " "? (${this.#expression(value, scope, `${path}.properties.${name}`, depth + 1, [])})`,
    }));
    // Two ways through the list of properties: `first` where nothing is written yet, `later` after a property.
    let first = extra === undefined ? `""` : `(${extra} ("," " "? ${extra})*)?`;
    let later = extra === undefined ? `""` : `("," " "? ${extra})*`;
    for (const { required: must, pair } of pairs.toReversed()) {
      const name = this.rule(pair);
      const rest = this.rule(later);
      first = must ? `${name} ${rest}` : `${name} ${rest} | ${this.rule(first)}`;
      later = must ? `"," " "? ${name} ${rest}` : `("," " "? ${name})? ${rest}`;
    }
    return `"{" ${this.rule(first)} "}"`;
  }

  /** A key that is none of `names`. */
  #otherKey(names: readonly string[]): string {
    if (names.length === 0) return "string";
    return `"\\"" ${this.#otherThan(names)} "\\""`;
  }

  /** Characters that spell none of `names`; escapes are left out, so that there is one spelling for each. */
  #otherThan(names: readonly string[]): string {
    const byFirst = new Map<string, string[]>();
    for (const name of names) {
      const [first, ...rest] = name;
      if (first === undefined) continue;
      byFirst.set(first, [...(byFirst.get(first) ?? []), rest.join("")]);
    }
    const but = [...byFirst.keys()].map(inClass).join("");
    const forms = [`${plain(but)} ${plain("")}*`];
    for (const [first, rests] of byFirst) {
      // A key with a quote or a backslash is written with escapes, and no plain spelling can collide with it.
      if (/["\\\p{Cc}]/u.test(first)) continue;
      forms.push(`[${inClass(first)}] ${this.#otherThan(rests)}`);
    }
    if (!names.includes("")) forms.push(`""`);
    return this.rule(forms.join(" | "));
  }

  #array(schema: Schema, scope: Scope, path: string, depth: number): string {
    const minimum = count(schema, "minItems", path) ?? 0;
    const maximum = count(schema, "maxItems", path);
    if (maximum !== undefined && maximum < minimum)
      throw invalidRequest(`${path}.maxItems`, "`maxItems` is less than `minItems`.");
    const first = list(ownField(schema, "prefixItems") ?? [], `${path}.prefixItems`).map((item, at) =>
      this.rule(this.#expression(item, scope, `${path}.prefixItems[${at}]`, depth + 1, [])),
    );
    const rest = ownField(schema, "items");
    const item =
      rest === false
        ? undefined
        : this.rule(
            rest === undefined ? "value" : this.#expression(rest, scope, `${path}.items`, depth + 1, []),
          );
    this.#refuseLarge(scope, path, [
      ["minItems", minimum],
      ["maxItems", maximum],
    ]);
    if (item === undefined && minimum > first.length)
      throw invalidRequest(`${path}.minItems`, "`minItems` asks for more items than `prefixItems` allows.");
    // From the end: each item may be followed by the next, and may be left out where enough came before it.
    const more = Math.max(0, minimum - first.length);
    const most =
      maximum === undefined || maximum > MOST_REPETITIONS ? "" : Math.max(0, maximum - first.length);
    const least = Math.min(more, MOST_REPETITIONS);
    if (first.length === 0) {
      if (item === undefined || maximum === 0) return `"[]"`;
      const others = `("," " "? ${item}){${Math.max(0, least - 1)},${most === "" ? "" : most - 1}}`;
      return least > 0 ? `"[" ${item} ${others} "]"` : `"[" (${item} ${others})? "]"`;
    }
    let tail = item === undefined ? `""` : `("," " "? ${item}){${least},${most}}`;
    for (let at = first.length - 1; at >= 0; at--) {
      if (maximum !== undefined && at >= maximum) {
        tail = `""`;
        continue;
      }
      const here = `${at === 0 ? "" : `"," " "? `}${first[at]!} ${this.rule(tail)}`;
      tail = at < minimum ? here : `(${here})?`;
    }
    return `"[" ${tail} "]"`;
  }

  #string(schema: Schema, scope: Scope, path: string): string {
    const minimum = count(schema, "minLength", path) ?? 0;
    const maximum = count(schema, "maxLength", path);
    const format = ownField(schema, "format");
    const known = typeof format === "string" ? FORMATS.get(format) : undefined;
    if (known !== undefined) return `"\\"" ${known} "\\""`;
    if (maximum !== undefined && maximum < minimum)
      throw invalidRequest(`${path}.maxLength`, "`maxLength` is less than `minLength`.");
    this.#refuseLarge(scope, path, [
      ["minLength", minimum],
      ["maxLength", maximum],
    ]);
    if (minimum === 0 && maximum === undefined) return "string";
    const most = maximum === undefined || maximum > MOST_REPETITIONS ? "" : maximum;
    return `"\\"" char{${Math.min(minimum, MOST_REPETITIONS)},${most}} "\\""`;
  }

  #integer(schema: Schema, path: string): string {
    const { minimum, maximum } = bounds(schema, path);
    if (minimum === undefined && maximum === undefined) return "integer";
    const low = minimum === undefined ? undefined : Math.max(Math.ceil(minimum), Number.MIN_SAFE_INTEGER);
    const high = maximum === undefined ? undefined : Math.min(Math.floor(maximum), Number.MAX_SAFE_INTEGER);
    const exclusiveLow = bound(schema, "exclusiveMinimum", path);
    const exclusiveHigh = bound(schema, "exclusiveMaximum", path);
    const range = integerRange(
      low !== undefined && low === exclusiveLow ? low + 1 : low,
      high !== undefined && high === exclusiveHigh ? high - 1 : high,
    );
    if (range === undefined) throw invalidRequest(path, "No integer lies between the schema's bounds.");
    return `(${range})`;
  }

  #number(schema: Schema, scope: Scope, path: string): string {
    const { minimum, maximum } = bounds(schema, path);
    if (minimum === undefined && maximum === undefined) return "number";
    const exact =
      minimum === 0 && maximum === undefined && ownField(schema, "exclusiveMinimum") === undefined;
    if (scope.strict && !exact) {
      throw invalidRequest(
        path,
        "Bounds of a number that need not be whole cannot be enforced here, except `minimum: 0`. Leave them out, use `integer`, or set `strict` to false.",
      );
    }
    return minimum !== undefined && minimum >= 0
      ? this.rule(`("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?`)
      : "number";
  }

  #reference(schema: Schema, scope: Scope, path: string, depth: number, through: readonly string[]): string {
    const pointer = ownField(schema, "$ref");
    if (typeof pointer !== "string")
      throw invalidRequest(`${path}.$ref`, "`$ref` is a string such as `#/$defs/name`.");
    if (through.includes(pointer))
      throw invalidRequest(
        `${path}.$ref`,
        `${JSON.stringify(pointer)} refers to itself and to nothing else.`,
      );
    const known = scope.refs.get(pointer);
    if (known !== undefined) return known;
    const name = this.#reserve();
    scope.refs.set(pointer, name);
    const target = this.#target(pointer, scope, `${path}.$ref`);
    this.#rules.set(name, this.#expression(target, scope, path, depth + 1, [...through, pointer]));
    return name;
  }

  /** The schema itself, or the one it refers to. */
  #resolved(schema: unknown, scope: Scope, path: string): Schema {
    let current = schema;
    for (let hops = 0; hops <= DEEPEST; hops++) {
      if (current === true) return {};
      if (!isSchema(current)) throw invalidRequest(path, "A JSON schema is an object, or `true`.");
      const pointer = ownField(current, "$ref");
      if (typeof pointer !== "string") return current;
      current = this.#target(pointer, scope, path);
    }
    throw invalidRequest(path, "Its references go round in a circle.");
  }

  #target(pointer: string, scope: Scope, path: string): unknown {
    let target: unknown = scope.root;
    const steps = pointer.split("/");
    if (steps.shift() !== "#")
      throw invalidRequest(
        path,
        `Only references into the same schema are known, such as \`#/$defs/name\`; got ${JSON.stringify(pointer)}.`,
      );
    for (const step of steps) {
      const key = decodeURIComponent(step.replaceAll("%", "%25")).replaceAll("~1", "/").replaceAll("~0", "~");
      const holds: boolean = typeof target === "object" && target !== null && Object.hasOwn(target, key);
      if (!holds) throw invalidRequest(path, `${JSON.stringify(pointer)} names nothing in this schema.`);
      target = (target as Schema)[key];
    }
    return target;
  }

  #refuseUnenforceable(schema: Schema, path: string): void {
    for (const keyword of UNENFORCEABLE) {
      if (!Object.hasOwn(schema, keyword)) continue;
      throw invalidRequest(
        `${path}.${keyword}`,
        `\`${keyword}\` cannot be enforced here. Leave it out, or set \`strict\` to false.`,
      );
    }
  }

  #refuseLarge(scope: Scope, path: string, limits: [name: string, value: number | undefined][]): void {
    for (const [name, value] of limits) {
      if (!scope.strict || value === undefined || value <= MOST_REPETITIONS) continue;
      throw invalidRequest(
        `${path}.${name}`,
        `\`${name}\` can be enforced up to ${MOST_REPETITIONS} here. Leave it out, or set \`strict\` to false.`,
      );
    }
  }
}

/** Keywords that say nothing about which values are valid. */
const ANNOTATIONS = new Set([
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$schema",
  "$id",
  "$defs",
  "definitions",
  "$comment",
  "discriminator",
]);

/** `text` as a GBNF literal. */
export function literal(text: string): string {
  return `"${text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")}"`;
}

/** Characters that a JSON string holds as they are, except those of `but`. */
function plain(but: string): string {
  return `[^"\\\\\\x7F\\x00-\\x1F${but}]`;
}

function inClass(character: string): string {
  return /[\]\\^-]/.test(character) ? `\\x${character.charCodeAt(0).toString(16).toUpperCase()}` : character;
}

function typesOf(schema: Schema, path: string): string[] {
  const type = ownField(schema, "type");
  if (typeof type === "string") return [type];
  if (
    Array.isArray(type) &&
    type.length > 0 &&
    type.every((item): item is string => typeof item === "string")
  )
    return type;
  if (type !== undefined) throw invalidRequest(`${path}.type`, "`type` is a string or a list of strings.");
  const has = (...keys: string[]): boolean => keys.some((key) => Object.hasOwn(schema, key));
  if (has("properties", "required", "additionalProperties")) return ["object"];
  if (has("items", "prefixItems", "minItems", "maxItems")) return ["array"];
  if (has("minLength", "maxLength", "format")) return ["string"];
  if (has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")) return ["number"];
  return ["any"];
}

function bounds(schema: Schema, path: string): { minimum: number | undefined; maximum: number | undefined } {
  const lows = [bound(schema, "minimum", path), bound(schema, "exclusiveMinimum", path)].filter(isNumber);
  const highs = [bound(schema, "maximum", path), bound(schema, "exclusiveMaximum", path)].filter(isNumber);
  return {
    minimum: lows.length === 0 ? undefined : Math.max(...lows),
    maximum: highs.length === 0 ? undefined : Math.min(...highs),
  };
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}

function bound(schema: Schema, key: string, path: string): number | undefined {
  const value = ownField(schema, key);
  // Draft 4 has booleans here; a bound it is not.
  if (value === undefined || typeof value === "boolean") return undefined;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw invalidRequest(`${path}.${key}`, `\`${key}\` is a number.`);
  return value;
}

function count(schema: Schema, key: string, path: string): number | undefined {
  const value = ownField(schema, key);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw invalidRequest(`${path}.${key}`, `\`${key}\` is a whole number, 0 or more.`);
  return value;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw invalidRequest(path, "This is a list.");
  return value;
}

function record(value: unknown, path: string): Schema {
  if (value === undefined) return {};
  if (!isSchema(value)) throw invalidRequest(path, "This is an object of schemas.");
  return value;
}
