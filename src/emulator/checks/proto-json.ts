/**
 * Reads JSON as Google's front end does before any service sees it: by the message's fields, in camelCase or in the
 * proto's snake_case, refusing unknown names and wrong types. The error texts are those of live answers quoted in
 * public issues (zed-industries/zed 44875 and 53919, google-gemini/gemini-cli 13972 and 14368, sourcegraph/cody 4566).
 */
import type { Json, JsonObject } from "../../wire/gemini.ts";
import { GoogleApiError } from "../google-error.ts";
import { protoPackage, type Surface } from "../surface.ts";

type Scalar = "string" | "bytes" | "bool" | "int32" | "int64" | "float" | "double" | "duration";

export type FieldType =
  | { kind: Scalar }
  /** google.protobuf.Value and Struct: any JSON, or any JSON object. */
  | { kind: "value" }
  | { kind: "struct" }
  | { kind: "enum"; type: string; values: readonly string[] }
  /** A function, because messages refer to each other in circles. */
  | { kind: "message"; of: () => Message }
  | { kind: "map"; of: FieldType };

export interface Field {
  type: FieldType;
  repeated?: boolean;
  /** Name of the oneof it belongs to. */
  oneof?: string;
  /** The only service that defines it. */
  only?: Surface;
}

export interface Message {
  /** Name within the service's package, such as `GenerationConfig.Modality`. */
  name: string;
  fields: Readonly<Record<string, Field>>;
}

interface Violation {
  field: string;
  description: string;
}

/** More would only make the answer long. */
const MOST_VIOLATIONS = 50;
/** Nesting that Google's parser follows; source: protobuf's default recursion limit. */
const DEEPEST = 100;

/**
 * The message with camelCase names, single values of repeated fields made lists, and enum names in upper case.
 * The input is not changed; Value and Struct fields are shared with it.
 * @throws {GoogleApiError} 400 with one BadRequest violation for each thing wrong.
 */
export function readMessage(body: unknown, message: Message, surface: Surface, version: string): JsonObject {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest([
      {
        field: "",
        description: 'Invalid JSON payload received. Unknown name "": Root element must be a message.',
      },
    ]);
  }
  if (isDeeperThan(body, DEEPEST)) {
    throw badRequest([
      {
        field: "",
        description: "Invalid JSON payload received. Message too deep. Max recursion depth reached.",
      },
    ]);
  }
  const reader = new Reader(surface, version);
  const read = reader.message(body as JsonObject, message, "");
  if (reader.violations.length > 0) throw badRequest(reader.violations);
  return read;
}

class Reader {
  readonly violations: Violation[] = [];
  readonly #surface: Surface;
  readonly #package: string;

  constructor(surface: Surface, version: string) {
    this.#surface = surface;
    this.#package = protoPackage(surface, version);
  }

  message(object: JsonObject, message: Message, path: string): JsonObject {
    const read: JsonObject = {};
    const oneofs = new Map<string, string>();
    for (const key of Object.keys(object)) {
      const name = camelCase(key);
      const field = Object.hasOwn(message.fields, name) ? message.fields[name] : undefined;
      if (field === undefined || (field.only !== undefined && field.only !== this.#surface)) {
        this.#unknown(key, path, "Cannot find field.");
        continue;
      }
      const value = object[key];
      // In proto JSON null is the same as absent, except for a Value.
      if (value === undefined || (value === null && field.type.kind !== "value")) continue;
      const at = path === "" ? snakeCase(name) : `${path}.${snakeCase(name)}`;
      if (field.oneof !== undefined) {
        if (oneofs.has(field.oneof)) {
          this.#invalid(at, "oneof", `oneof field '${field.oneof}' is already set. Cannot set '${key}'`);
          continue;
        }
        oneofs.set(field.oneof, name);
      }
      const result =
        field.repeated === true ? this.#list(value, field, at) : this.#one(value, field.type, at, key, path);
      if (result !== undefined) setOwn(read, name, result);
    }
    return read;
  }

  /** A single value stands for a list of one, as in many of Google's own samples. */
  #list(value: Json, field: Field, path: string): Json {
    const items = Array.isArray(value) ? value : [value];
    const read: Json[] = [];
    for (const [index, item] of items.entries()) {
      const one = this.#one(item, field.type, `${path}[${index}]`, "", "");
      if (one !== undefined) read.push(one);
    }
    return read;
  }

  #one(value: Json, type: FieldType, path: string, key: string, parent: string): Json | undefined {
    if (Array.isArray(value) && type.kind !== "value") {
      this.#unknown(key, parent, "Proto field is not repeating, cannot start list.");
      return undefined;
    }
    switch (type.kind) {
      case "value":
        return value;
      case "struct":
        return isObject(value)
          ? value
          : this.#invalid(path, "type.googleapis.com/google.protobuf.Struct", quoted(value));
      case "message": {
        const of = type.of();
        if (isObject(value)) return this.message(value, of, path);
        return this.#invalid(path, `type.googleapis.com/${this.#package}.${of.name}`, quoted(value));
      }
      case "map":
        return this.#map(value, type.of, path);
      case "enum":
        return this.#enum(value, type, path);
      default:
        return this.#scalar(value, type.kind, path);
    }
  }

  #map(value: Json, of: FieldType, path: string): Json | undefined {
    if (!isObject(value)) return this.#invalid(path, "map", quoted(value));
    const read: JsonObject = {};
    for (const [index, key] of Object.keys(value).entries()) {
      const one = this.#one(value[key] ?? null, of, `${path}[${index}].value`, "value", `${path}[${index}]`);
      if (one !== undefined) setOwn(read, key, one);
    }
    return read;
  }

  #enum(value: Json, type: Extract<FieldType, { kind: "enum" }>, path: string): Json | undefined {
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < type.values.length) {
      return type.values[value];
    }
    if (typeof value === "string") {
      // Google's parser takes enum names in any case.
      const name = value.toUpperCase().replaceAll("-", "_");
      const known = type.values.find((one) => one.toUpperCase() === name);
      if (known !== undefined) return known;
    }
    return this.#invalid(path, `type.googleapis.com/${this.#package}.${type.type}`, quoted(value));
  }

  #scalar(value: Json, kind: Scalar, path: string): Json | undefined {
    const typeName =
      kind === "duration" ? "type.googleapis.com/google.protobuf.Duration" : `TYPE_${kind.toUpperCase()}`;
    if (isObject(value)) return this.#invalid(path, typeName, "Starting an object on a scalar field");
    switch (kind) {
      case "string":
        return typeof value === "string" ? value : this.#invalid(path, typeName, quoted(value));
      case "bool":
        if (typeof value === "boolean") return value;
        if (value === "true" || value === "false") return value === "true";
        return this.#invalid(path, typeName, quoted(value));
      case "bytes":
        if (typeof value !== "string") return this.#invalid(path, typeName, quoted(value));
        if (isBase64(value)) return value;
        return this.#invalid(path, typeName, `Base64 decoding failed for ${quoted(value)}`);
      case "duration":
        if (typeof value === "string" && /^-?\d{1,12}(\.\d{1,9})?s$/.test(value)) return value;
        return this.#invalid(path, typeName, "Illegal duration format; duration must end with 's'");
      default: {
        const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
        if (typeof number === "number" && fitsNumber(number, kind)) return number;
        return this.#invalid(path, typeName, quoted(value));
      }
    }
  }

  #unknown(key: string, path: string, why: string): void {
    const where = path === "" ? "" : ` at '${path}'`;
    this.#add(path, `Invalid JSON payload received. Unknown name "${key}"${where}: ${why}`);
  }

  #invalid(path: string, type: string, said: string): undefined {
    this.#add(path, `Invalid value at '${path}' (${type}), ${said}`);
    return undefined;
  }

  #add(field: string, description: string): void {
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push({ field, description });
  }
}

function badRequest(violations: readonly Violation[]): GoogleApiError {
  return new GoogleApiError("INVALID_ARGUMENT", violations.map((one) => one.description).join("\n"), {
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: violations.map(({ field, description }) =>
          field === "" ? { description } : { field, description },
        ),
      },
    ],
  });
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fitsNumber(number: number, kind: "int32" | "int64" | "float" | "double"): boolean {
  if (kind === "float" || kind === "double") return Number.isFinite(number);
  if (!Number.isInteger(number)) return false;
  return kind === "int64" ? Number.isSafeInteger(number) : number >= -(2 ** 31) && number < 2 ** 31;
}

/** Standard or URL-safe alphabet, padded or not. */
function isBase64(text: string): boolean {
  const bare = text.replace(/={1,2}$/, "");
  return bare.length % 4 !== 1 && /^[A-Za-z0-9+/_-]*$/.test(bare);
}

function quoted(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}..."` : text;
}

/** Walks without recursion: the depth is the caller's. */
function isDeeperThan(root: object, limit: number): boolean {
  let level: object[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((node) =>
      Object.values(node).filter((value): value is object => typeof value === "object" && value !== null),
    );
  }
  return false;
}

/** An own property even for `__proto__`. */
function setOwn(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function camelCase(name: string): string {
  return /^[a-z][a-z0-9_]*$/.test(name)
    ? name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    : name;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
