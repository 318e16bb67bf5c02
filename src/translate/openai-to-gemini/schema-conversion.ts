/**
 * One caller's JSON Schema to a `Shape`, keyword by keyword, for one of Gemini's fields.
 * The caller's objects are only read; everything returned is new.
 */
import { invalidRequest } from "../../errors.ts";
import { isObject, wrongType } from "../read-field.ts";
import type { Dialect } from "./schema-dialect.ts";
import { enumShape } from "./schema-enum.ts";
import { METADATA, own, STRUCTURAL } from "./schema-keywords.ts";
import type { SchemaLedger } from "./schema-ledger.ts";
import { mergeShapes } from "./schema-merge.ts";
import { memberPath } from "./schema-path.ts";
import { SCHEMA_TOO_LARGE, schemaTooLarge, type RefTarget, type SchemaRefs } from "./schema-ref.ts";
import { orNull, put, type Shape, typeField, type TypeName, typesOf } from "./schema-shape.ts";
import { exclusiveBounds, readTypes, simpleKeywords, stringList } from "./schema-values.ts";

export const MAX_DEPTH = 32;

/** Stands where a value is required but its schema cannot be given any further. */
const ANY_OBJECT: Shape = { type: "object" };

/** A shape and what it costs, references followed. */
interface Sized {
  shape: Shape;
  nodes: number;
  depth: number;
}

/** Where in the expansion a schema is converted. */
interface Place {
  depth: number;
  /** The group of definitions that contain each other and that this schema is part of; 0 for none. */
  group: number;
  /** How many more times a definition of the group may be written out inside. */
  unroll: number;
  /** The result may not be a bare `$ref`, because something is to be merged with it. */
  inline: boolean;
  /** A type is given by the schema this one is a branch of. */
  typed: boolean;
}

interface Mark {
  entries: number;
  kept: number;
}

export interface ConversionLimits {
  maxNodes: number;
  /** How many times a definition that contains itself is written out inside itself. */
  unroll: number;
}

export class SchemaConversion {
  /** Definitions that kept references point at. */
  readonly definitions: { [name: string]: Shape } = {};
  readonly #dialect: Dialect;
  readonly #refs: SchemaRefs;
  readonly #ledger: SchemaLedger;
  readonly #limits: ConversionLimits;
  /** Definitions converted once and kept as references. */
  readonly #kept = new Map<RefTarget, { name: string; sized: Sized | undefined }>();
  readonly #names = new Set<string>();
  /** Sources looked at, and definitions that may turn out to be reached by nothing. */
  readonly #visited = new Set<unknown>();
  readonly #declared: { source: unknown; path: string }[] = [];
  #work = 0;

  constructor(dialect: Dialect, refs: SchemaRefs, ledger: SchemaLedger, limits: ConversionLimits) {
    this.#dialect = dialect;
    this.#refs = refs;
    this.#ledger = ledger;
    this.#limits = limits;
  }

  /**
   * @returns undefined when no value at all satisfies the schema.
   * @throws GatewayError (400) naming the part of the schema that is malformed or too much.
   */
  root(): Shape | undefined {
    const { root } = this.#refs;
    const { unroll } = this.#limits;
    const place: Place = { depth: 1, group: root.group, unroll, inline: true, typed: false };
    const converted = this.#convert(root.source, root.path, place);
    for (const { source, path } of this.#declared) {
      if (!this.#visited.has(source)) this.#ledger.used(path, "schema-metadata");
    }
    return converted?.shape;
  }

  #convert(source: unknown, path: string, place: Place): Sized | undefined {
    this.#work += 1;
    if (this.#work > this.#limits.maxNodes) throw schemaTooLarge(path, this.#limits.maxNodes);
    if (place.depth > MAX_DEPTH) throw tooDeep(path);
    this.#visited.add(source);
    if (source === true) {
      this.#ledger.used(path, "schema-kept");
      return { shape: {}, nodes: 1, depth: 1 };
    }
    if (source === false) {
      this.#ledger.note(
        "approximated",
        "schema-never",
        path,
        "No value is allowed here, which Gemini cannot be told; the part is left out.",
      );
      return undefined;
    }
    if (!isObject(source)) throw wrongType(path, "a JSON Schema (an object, true or false)", source);
    if (Object.keys(source).length === 0) this.#ledger.used(path, "schema-kept");

    const reference = own(source, "$ref");
    const siblings = Object.keys(source).some((keyword) => keyword !== "$ref" && !isBeside(keyword));
    if (reference === undefined) return this.#keywords(source, path, place);
    if (typeof reference !== "string") throw wrongType(`${path}.$ref`, "a string", reference);
    const target = this.#refs.resolve(reference, `${path}.$ref`);
    const inline = place.inline || siblings;
    const referred = this.#target(target, `${path}.$ref`, {
      ...place,
      inline,
      typed: place.typed || siblings,
    });
    const beside = this.#keywords(source, path, { ...place, typed: true });
    if (referred === undefined || beside === undefined) return undefined;
    return siblings ? this.#both(beside, referred, `${path}.$ref`, "schema-ref") : referred;
  }

  #target(target: RefTarget, path: string, place: Place): Sized | undefined {
    this.#ledger.used(path, "schema-ref");
    const inner = { ...place, depth: place.depth + 1 };
    if (target.group !== 0) {
      const entered = target.group !== place.group;
      const unroll = entered ? this.#limits.unroll : place.unroll - 1;
      if (unroll < 0) {
        this.#ledger.note(
          "approximated",
          "schema-recursion",
          path,
          `Gemini takes no definition that contains itself; this one is written out ${this.#limits.unroll + 1} levels deep.`,
        );
        return undefined;
      }
      return this.#convert(target.source, target.path, { ...inner, group: target.group, unroll });
    }
    if (place.inline || this.#dialect.inline) {
      return this.#convert(target.source, target.path, { ...inner, group: 0 });
    }
    let kept = this.#kept.get(target);
    if (kept === undefined) {
      const sized = this.#convert(target.source, target.path, { ...inner, group: 0, typed: false });
      kept = { name: this.#definitionName(target.name), sized };
      this.#kept.set(target, kept);
      if (sized !== undefined) put(this.definitions, kept.name, sized.shape);
    }
    const { name, sized } = kept;
    if (sized === undefined) return undefined;
    if (place.depth + sized.depth > MAX_DEPTH) throw tooDeep(path);
    return { shape: { $ref: `#/$defs/${name}` }, nodes: sized.nodes, depth: sized.depth + 1 };
  }

  #keywords(source: Record<string, unknown>, path: string, place: Place): Sized | undefined {
    const ledger = this.#ledger;
    let types = readTypes(source, path, ledger);
    const nullable = own(source, "nullable") === true;
    if (nullable && types !== undefined && !types.includes("null")) types = [...types, "null"];

    const shape: Shape = simpleKeywords(source, path, types, this.#dialect, ledger);
    const type = types === undefined ? undefined : typeField(types);
    if (type !== undefined) shape.type = type;
    exclusiveBounds(source, path, types, shape, ledger);

    let result: Sized | undefined = { shape, nodes: 1, depth: 1 };
    const choice = this.#choice(source, path, types);
    if (choice === null) return undefined;
    if (choice !== undefined) {
      // The list implies the type, and the type was already used to sift it.
      delete shape.type;
      if (choice.description !== undefined && shape.description !== undefined) {
        shape.description = withSentence(shape.description, choice.description);
      }
      result = this.#both(result, { shape: choice, nodes: 1, depth: 1 }, `${path}.enum`, "schema-enum");
    }
    const typed = place.typed || typesOf(result.shape) !== undefined;
    const inner: Place = { ...place, depth: place.depth + 1, inline: false, typed: false };

    this.#object(source, path, inner, result);
    if (!this.#array(source, path, inner, result)) return undefined;
    for (const keyword of ["anyOf", "oneOf"] as const) {
      result = this.#union(
        source,
        keyword,
        path,
        { ...inner, typed: typed || result.shape.properties !== undefined },
        result,
      );
      if (result === undefined) return undefined;
    }
    result = this.#allOf(source, path, { ...inner, inline: true, typed: true }, result);
    if (result === undefined) return undefined;

    this.#others(source, path);
    if (!place.typed) result.shape = this.#withImpliedType(result.shape, path);
    if (nullable) result.shape = orNull(result.shape);
    if (result.nodes > this.#limits.maxNodes) throw schemaTooLarge(path, this.#limits.maxNodes);
    return result;
  }

  /** `enum` or `const`: undefined where there is none, null where it leaves no value. */
  #choice(
    source: Record<string, unknown>,
    path: string,
    types: TypeName[] | undefined,
  ): Shape | null | undefined {
    const constant = own(source, "const");
    const listed = own(source, "enum");
    if (listed !== undefined && !Array.isArray(listed)) throw wrongType(`${path}.enum`, "an array", listed);
    if (constant === undefined && listed === undefined) return undefined;
    const keyword = constant === undefined ? "enum" : "const";
    const values: unknown[] = constant === undefined ? [...(listed ?? [])] : [constant];
    // OpenAPI 3.0 spells `null` in a list with `nullable` beside it.
    if (own(source, "nullable") === true && !values.includes(null)) values.push(null);
    const found = enumShape(values, types, `${path}.${keyword}`, this.#dialect.enums);
    this.#ledger.used(`${path}.${keyword}`, "schema-enum");
    if (constant !== undefined && listed !== undefined) this.#ledger.used(`${path}.enum`, "schema-enum");
    if (found === undefined) {
      this.#ledger.note(
        "approximated",
        "schema-enum",
        `${path}.${keyword}`,
        "No listed value is of the type beside the list; the part is left out.",
      );
      return null;
    }
    for (const loss of found.losses) {
      this.#ledger.note("approximated", "schema-enum", `${path}.${keyword}`, `For Gemini, ${loss}.`);
    }
    return found.shape;
  }

  #object(source: Record<string, unknown>, path: string, place: Place, into: Sized): void {
    const { shape } = into;
    const requiredNames = stringList(source, "required", path);
    if (requiredNames !== undefined) {
      this.#ledger.used(`${path}.required`, "schema-kept");
      if (requiredNames.length > 0) shape.required = requiredNames;
    }
    const declared = own(source, "properties");
    if (declared !== undefined) {
      if (!isObject(declared)) throw wrongType(`${path}.properties`, "an object", declared);
      const required = new Set(requiredNames);
      const properties: { [name: string]: Shape } = {};
      const entries = Object.entries(declared);
      if (entries.length === 0) this.#ledger.used(`${path}.properties`, "schema-kept");
      for (const [name, child] of entries) {
        const property = this.#convert(child, memberPath(`${path}.properties`, name), place);
        if (property !== undefined) put(properties, name, this.#counted(property, into));
        else if (required.has(name)) put(properties, name, { ...ANY_OBJECT });
      }
      shape.properties = properties;
    }
    const extra = own(source, "additionalProperties");
    if (extra === undefined) return;
    const at = `${path}.additionalProperties`;
    if (typeof extra !== "boolean" && !isObject(extra))
      throw wrongType(at, "an object, true or false", extra);
    if (!this.#dialect.keeps.has("additionalProperties")) {
      // Anything goes where nothing is said.
      if (extra === true) this.#ledger.used(at, "schema-map");
      else this.#ledger.note("ignored", "schema-map", at, `Not taken by ${this.#dialect.name}.`);
      return;
    }
    if (typeof extra === "boolean") {
      this.#ledger.used(at, "schema-map");
      shape.additionalProperties = extra;
      return;
    }
    const values = this.#convert(extra, at, place);
    shape.additionalProperties = values === undefined ? false : this.#counted(values, into);
  }

  /** @returns false when no array of the required length can be given. */
  #array(source: Record<string, unknown>, path: string, place: Place, into: Sized): boolean {
    const { shape } = into;
    const items = own(source, "items");
    // Draft 7 and earlier: a list under `items`, and the rest under `additionalItems`.
    const [positionsKeyword, restKeyword] = Array.isArray(items)
      ? ["items", "additionalItems"]
      : ["prefixItems", "items"];
    const positions = own(source, positionsKeyword);
    const rest = own(source, restKeyword);
    if (restKeyword === "items" && own(source, "additionalItems") !== undefined) {
      this.#ledger.note(
        "ignored",
        "schema-unsupported",
        `${path}.additionalItems`,
        "Means nothing without a list under items.",
      );
    }
    if (positionsKeyword === "items" && own(source, "prefixItems") !== undefined) {
      throw invalidRequest(`${path}.items`, `${path}.items: must be one schema where prefixItems is used.`);
    }
    const prefix: Shape[] = [];
    if (positions !== undefined) {
      if (!Array.isArray(positions)) throw wrongType(`${path}.${positionsKeyword}`, "an array", positions);
      if (positions.length === 0) this.#ledger.used(`${path}.${positionsKeyword}`, "schema-tuple");
      for (const [index, position] of positions.entries()) {
        const converted = this.#convert(position, `${path}.${positionsKeyword}[${index}]`, place);
        prefix.push(converted === undefined ? { ...ANY_OBJECT } : this.#counted(converted, into));
      }
    }
    let element: Shape | undefined;
    if (rest !== undefined) {
      // `false` after positions is common and exact: the array ends there.
      const converted = rest === false ? undefined : this.#convert(rest, `${path}.${restKeyword}`, place);
      if (rest === false) this.#ledger.used(`${path}.${restKeyword}`, "schema-tuple");
      if (converted === undefined) {
        shape.maxItems = Math.min(shape.maxItems ?? Infinity, prefix.length);
        if ((shape.minItems ?? 0) > shape.maxItems) return false;
        // An array without a schema for its elements is refused by some models, even where it must be empty.
        if (prefix.length === 0) element = { ...ANY_OBJECT };
      } else {
        element = this.#counted(converted, into);
      }
    }
    if (prefix.length > 0 && !this.#dialect.keeps.has("prefixItems")) {
      this.#ledger.note(
        "approximated",
        "schema-tuple",
        `${path}.${positionsKeyword}`,
        "Elements may be of the type of any position.",
      );
      const choices = element === undefined ? prefix : [...prefix, element];
      const distinct = [...new Map(choices.map((choice) => [JSON.stringify(choice), choice])).values()];
      const [only] = distinct;
      element = distinct.length === 1 ? only : { anyOf: distinct };
    } else if (prefix.length > 0) {
      shape.prefixItems = prefix;
    }
    if (element !== undefined) shape.items = element;
    return true;
  }

  #union(
    source: Record<string, unknown>,
    keyword: "anyOf" | "oneOf",
    path: string,
    place: Place,
    into: Sized,
  ): Sized | undefined {
    const at = `${path}.${keyword}`;
    const branches = branchList(source, keyword, at);
    if (branches === undefined) return into;
    const mark = this.#mark();
    const shapes: Shape[] = [];
    const size = { nodes: 1, depth: 1 };
    for (const [index, branch] of branches.entries()) {
      const converted = this.#convert(branch, `${at}[${index}]`, place);
      if (converted !== undefined) shapes.push(this.#counted(converted, size));
    }
    if (keyword === "oneOf" && shapes.length > 1 && !disjoint(shapes)) {
      this.#ledger.note("approximated", "schema-one-of", at, "Taken as anyOf: more than one branch may fit.");
    }
    const [only] = shapes;
    if (only === undefined) return undefined;
    const union: Shape = shapes.length === 1 && only.$ref === undefined ? only : { anyOf: shapes };
    return this.#both(into, { shape: union, ...size }, at, "schema-any-of", mark);
  }

  #allOf(source: Record<string, unknown>, path: string, place: Place, into: Sized): Sized | undefined {
    const branches = branchList(source, "allOf", `${path}.allOf`) ?? [];
    let result = into;
    for (const [index, branch] of branches.entries()) {
      const at = `${path}.allOf[${index}]`;
      const mark = this.#mark();
      const converted = this.#convert(branch, at, place);
      if (converted === undefined) return undefined;
      result = this.#both(result, converted, at, "schema-all-of", mark);
    }
    return result;
  }

  /** Both at once; where one shape cannot say that, the second is left out with a note in place of its own entries. */
  #both(
    first: Sized,
    second: Sized,
    path: string,
    rule: "schema-all-of" | "schema-any-of" | "schema-ref" | "schema-enum",
    mark?: Mark,
  ): Sized {
    const merged = mergeShapes(first.shape, second.shape);
    if (typeof merged !== "string") {
      return {
        shape: merged,
        nodes: first.nodes + second.nodes - 1,
        depth: Math.max(first.depth, second.depth),
      };
    }
    if (mark !== undefined) this.#rewind(mark);
    this.#ledger.note(
      "ignored",
      rule,
      path,
      "Cannot be combined into one schema with the keywords beside it.",
    );
    return first;
  }

  #mark(): Mark {
    return { entries: this.#ledger.mark(), kept: this.#kept.size };
  }

  /** Forgets definitions kept since as well: their entries in the ledger are made once, and would be missing. */
  #rewind(mark: Mark): void {
    this.#ledger.rewind(mark.entries);
    for (const target of [...this.#kept.keys()].slice(mark.kept)) this.#kept.delete(target);
  }

  /** Everything that the readers above do not take. */
  #others(source: Record<string, unknown>, path: string): void {
    for (const keyword of Object.keys(source)) {
      const at = memberPath(path, keyword);
      if (keyword === "$defs" || keyword === "definitions") {
        this.#definitions(source[keyword], at);
      } else if (METADATA.has(keyword) || own(source, keyword) === undefined) {
        this.#ledger.used(at, "schema-metadata");
      } else if (!STRUCTURAL.has(keyword) && !this.#dialect.keeps.has(keyword)) {
        this.#ledger.note("ignored", "schema-unsupported", at, `Not taken by ${this.#dialect.name}.`);
      }
    }
  }

  #definitions(definitions: unknown, path: string): void {
    if (definitions === null) return;
    if (!isObject(definitions)) throw wrongType(path, "an object", definitions);
    const entries = Object.entries(definitions);
    if (entries.length === 0) this.#ledger.used(path, "schema-metadata");
    for (const [name, source] of entries) this.#declared.push({ source, path: memberPath(path, name) });
  }

  #withImpliedType(shape: Shape, path: string): Shape {
    if (shape.type !== undefined || shape.anyOf !== undefined || shape.$ref !== undefined) return shape;
    const implied =
      shape.properties !== undefined
        ? "object"
        : shape.items !== undefined || shape.prefixItems !== undefined
          ? "array"
          : undefined;
    if (implied === undefined) return shape;
    this.#ledger.note(
      "added",
      "schema-type-added",
      `${path}.type`,
      `Set to ${implied}, which the keywords beside it imply.`,
    );
    return { ...shape, type: implied };
  }

  /** Adds the cost of a part to the whole it belongs to. */
  #counted(part: Sized, whole: { nodes: number; depth: number }): Shape {
    whole.nodes += part.nodes;
    whole.depth = Math.max(whole.depth, part.depth + 1);
    return part.shape;
  }

  #definitionName(wanted: string): string {
    const clean = wanted.replaceAll(/[^\w.-]/g, "_").slice(0, 64) || "definition";
    let name = clean;
    for (let count = 2; this.#names.has(name); count += 1) name = `${clean}_${count}`;
    this.#names.add(name);
    return name;
  }
}

export function isSchemaTooLarge(error: { failure: { kind: string; code?: unknown } }): boolean {
  return error.failure.kind === "invalid_request" && error.failure.code === SCHEMA_TOO_LARGE;
}

function tooDeep(path: string): Error {
  return invalidRequest(
    path,
    `${path}: the schema is nested more than ${MAX_DEPTH} levels deep once its references are followed.`,
    SCHEMA_TOO_LARGE,
  );
}

/** Keywords that may stand beside `$ref` without changing what it means. */
function isBeside(keyword: string): boolean {
  return METADATA.has(keyword) || keyword === "$defs" || keyword === "definitions";
}

function branchList(source: Record<string, unknown>, keyword: string, at: string): unknown[] | undefined {
  const branches = own(source, keyword);
  if (branches === undefined) return undefined;
  if (!Array.isArray(branches)) throw wrongType(at, "an array of schemas", branches);
  if (branches.length === 0) throw invalidRequest(at, `${at}: must have at least one branch.`);
  return branches;
}

/** No value is of the type of two of the branches. */
function disjoint(shapes: readonly Shape[]): boolean {
  const seen = new Set<TypeName>();
  for (const shape of shapes) {
    const types = typesOf(shape);
    if (types === undefined) return false;
    for (const type of types) {
      if (seen.has(type)) return false;
      seen.add(type);
      if (type === "number") seen.add("integer");
      if (type === "integer") seen.add("number");
    }
  }
  return true;
}

function withSentence(text: string, sentence: string): string {
  return text.endsWith(sentence) ? text : `${text} ${sentence}`.trimStart();
}
