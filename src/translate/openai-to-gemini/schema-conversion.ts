/**
 * One caller's JSON Schema to a `Shape`, keyword by keyword, for one of Gemini's fields.
 * The caller's objects are only read; everything returned is new.
 */
import { invalidRequest } from "../../errors.ts";
import { isObject, wrongType } from "../read-field.ts";
import { arrayKeywords, type Containing, objectKeywords } from "./schema-containers.ts";
import type { Dialect } from "./schema-dialect.ts";
import { areDisjoint } from "./schema-disjoint.ts";
import { choiceKeywords } from "./schema-enum.ts";
import { METADATA, own, STRUCTURAL } from "./schema-keywords.ts";
import type { SchemaLedger } from "./schema-ledger.ts";
import { mergeShapes } from "./schema-merge.ts";
import { carriesNothing } from "./field-account.ts";
import { memberPath } from "./member-path.ts";
import { SCHEMA_TOO_LARGE, schemaTooLarge, type RefTarget, type SchemaRefs } from "./schema-ref.ts";
import { orNull, put, type Shape, typeField } from "./schema-shape.ts";
import { exclusiveBounds, readTypes, simpleKeywords } from "./schema-values.ts";

export const MAX_DEPTH = 32;

/** More notes than a request keeps. */
const MAX_NAMED_KEYWORDS = 1_000;

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
  /** The schema is part of another one that speaks of the same value. */
  branch: boolean;
}

interface Mark {
  entries: number;
  kept: number;
  visited: number;
}

export interface ConversionLimits {
  maxNodes: number;
  /** How many times a definition that contains itself is written out inside itself. */
  unroll: number;
  /** Shared by all schemas of a request, and by all attempts at each. */
  parts: { left: number };
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
  /** Paths of schemas looked at, and of definitions that may turn out to be reached by nothing. */
  readonly #visited = new Set<string>();
  readonly #declared: string[] = [];
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
    const place: Place = { depth: 1, group: root.group, unroll, inline: true, branch: false };
    const converted = this.#convert(root.source, root.path, place);
    for (const path of this.#declared) {
      if (!this.#visited.has(path)) this.#ledger.used(path, "schema-metadata");
    }
    return converted?.shape;
  }

  #convert(source: unknown, path: string, place: Place): Sized | undefined {
    this.#charge(1, path);
    if (place.depth > MAX_DEPTH) throw tooDeep(path);
    this.#visited.add(path);
    if (source === true) {
      this.#ledger.used(path, "schema-kept");
      return { shape: {}, nodes: 1, depth: 1 };
    }
    if (source === false) return this.#nothing(path);
    if (!isObject(source)) throw wrongType(path, "a JSON Schema (an object, true or false)", source);
    if (carriesNothing(source)) this.#ledger.used(path, "schema-kept");

    const reference = own(source, "$ref");
    if (reference === undefined) return this.#keywords(source, path, place) ?? this.#nothing(path);
    const siblings = Object.keys(source).some((keyword) => keyword !== "$ref" && !isBeside(keyword));
    if (typeof reference !== "string") throw wrongType(`${path}.$ref`, "a string", reference);
    const target = this.#refs.resolve(reference, `${path}.$ref`);
    const inline = place.inline || siblings;
    const referred = this.#target(target, `${path}.$ref`, {
      ...place,
      inline,
      branch: place.branch || siblings,
    });
    const beside = this.#keywords(source, path, { ...place, branch: true });
    if (beside === undefined) return this.#nothing(path);
    if (referred === undefined) return undefined;
    if (!siblings) return referred;
    const both = this.#both(beside, referred, `${path}.$ref`, "schema-ref");
    return place.branch ? both : { ...both, shape: this.#withImpliedType(both.shape, path) };
  }

  #nothing(path: string): undefined {
    const detail = "No value satisfies this part of the schema, which Gemini cannot be told; it is left out.";
    this.#ledger.note("approximated", "schema-never", path, detail);
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
      const sized = this.#convert(target.source, target.path, { ...inner, group: 0, branch: false });
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

    const type = types === undefined ? undefined : typeField(types);
    const shape: Shape = {
      ...(type === undefined ? {} : { type }),
      ...simpleKeywords(source, path, types, this.#dialect, ledger),
    };
    exclusiveBounds(source, path, types, shape, ledger);

    let result: Sized | undefined = { shape, nodes: 1, depth: 1 };
    this.#charge(lengthOf(source["enum"]) >> 5, path);
    const choice = choiceKeywords(source, path, types, this.#dialect, ledger);
    if (choice === null) return undefined;
    if (choice !== undefined) {
      // The list implies the type, and the type was already used to sift it.
      delete shape.type;
      if (choice.description !== undefined && shape.description !== undefined) {
        shape.description = withSentence(shape.description, choice.description);
      }
      result = this.#both(result, { shape: choice, nodes: 1, depth: 1 }, `${path}.enum`, "schema-enum");
    }
    const inner: Place = { ...place, depth: place.depth + 1, inline: false, branch: false };

    const whole = result;
    const containing: Containing = {
      dialect: this.#dialect,
      ledger,
      convert: (child, at) => {
        const part = this.#convert(child, at, inner);
        return part === undefined ? undefined : this.#counted(part, whole);
      },
    };
    objectKeywords(source, path, whole.shape, containing);
    if (!arrayKeywords(source, path, whole.shape, containing)) return undefined;
    for (const keyword of ["anyOf", "oneOf"] as const) {
      result = this.#union(source, keyword, path, { ...inner, branch: true }, result);
      if (result === undefined) return undefined;
    }
    result = this.#allOf(source, path, { ...inner, inline: true, branch: true }, result);
    if (result === undefined) return undefined;

    this.#others(source, path);
    if (!place.branch) result.shape = this.#withImpliedType(result.shape, path);
    if (nullable) result.shape = orNull(result.shape);
    if (result.nodes > this.#limits.maxNodes) throw schemaTooLarge(path, this.#limits.maxNodes);
    return result;
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
    if (
      keyword === "oneOf" &&
      shapes.length > 1 &&
      !areDisjoint(shapes.map((shape) => this.#referred(shape)))
    ) {
      this.#ledger.note("approximated", "schema-one-of", at, "Taken as anyOf: more than one branch may fit.");
    }
    const [only] = shapes;
    if (only === undefined) return undefined;
    const union: Shape = shapes.length === 1 && only.$ref === undefined ? only : { anyOf: shapes };
    return this.#both(into, { shape: union, ...size }, at, "schema-any-of", mark);
  }

  /** The definition that a kept reference stands for. */
  #referred(shape: Shape): Shape {
    const name = shape.$ref?.slice("#/$defs/".length);
    return name === undefined || !Object.hasOwn(this.definitions, name)
      ? shape
      : (this.definitions[name] ?? shape);
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
    this.#charge(lengthOf(Object.keys(first.shape.properties ?? {})) >> 5, path);
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
    return { entries: this.#ledger.mark(), kept: this.#kept.size, visited: this.#visited.size };
  }

  /** Forgets what was looked at since as well: the entries of a kept definition are made once, and would be missing. */
  #rewind(mark: Mark): void {
    this.#ledger.rewind(mark.entries);
    for (const target of [...this.#kept.keys()].slice(mark.kept)) this.#kept.delete(target);
    for (const path of [...this.#visited].slice(mark.visited)) this.#visited.delete(path);
  }

  /** Everything that the readers above do not take. */
  #others(source: Record<string, unknown>, path: string): void {
    let unknown = 0;
    for (const keyword of Object.keys(source)) {
      if (keyword === "$defs" || keyword === "definitions") {
        this.#definitions(source[keyword], memberPath(path, keyword));
      } else if (METADATA.has(keyword) || own(source, keyword) === undefined) {
        this.#ledger.used(memberPath(path, keyword), "schema-metadata");
      } else if (!STRUCTURAL.has(keyword) && !this.#dialect.keeps.has(keyword)) {
        unknown += 1;
        if (unknown > MAX_NAMED_KEYWORDS) continue;
        const at = memberPath(path, keyword);
        this.#ledger.note("ignored", "schema-unsupported", at, `Not taken by ${this.#dialect.name}.`);
      }
    }
    if (unknown > MAX_NAMED_KEYWORDS) {
      const more = unknown - MAX_NAMED_KEYWORDS;
      const detail = `${more} more keywords of it are not taken by ${this.#dialect.name}.`;
      this.#ledger.note("ignored", "schema-unsupported", path, detail);
    }
  }

  #definitions(definitions: unknown, path: string): void {
    if (definitions === null) return;
    if (!isObject(definitions)) throw wrongType(path, "an object", definitions);
    const names = Object.keys(definitions);
    if (names.length === 0) this.#ledger.used(path, "schema-metadata");
    for (const name of names) this.#declared.push(memberPath(path, name));
  }

  /** The shape with the type that its `properties` or `items` imply, or its branches with theirs. */
  #withImpliedType(shape: Shape, path: string): Shape {
    if (shape.type !== undefined || shape.$ref !== undefined) return shape;
    const isArray = shape.items !== undefined || shape.prefixItems !== undefined;
    const implied = shape.properties !== undefined ? "object" : isArray ? "array" : undefined;
    if (implied === undefined) {
      if (shape.anyOf === undefined) return shape;
      return { ...shape, anyOf: shape.anyOf.map((branch) => this.#withImpliedType(branch, path)) };
    }
    const detail = `Set to ${implied}, which the keywords beside it imply.`;
    this.#ledger.note("added", "schema-type-added", `${path}.type`, detail);
    return { type: implied, ...shape };
  }

  /** Keeps the time taken in proportion: what is done again and again counts like more parts. */
  #charge(work: number, path: string): void {
    this.#work += work;
    if (this.#work > this.#limits.maxNodes) throw schemaTooLarge(path, this.#limits.maxNodes);
    const { parts } = this.#limits;
    parts.left -= work;
    if (parts.left < 0) {
      throw invalidRequest(
        path,
        `${path}: the schemas of this request have too many parts together once their references are followed. Send fewer or smaller ones.`,
      );
    }
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

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
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

function withSentence(text: string, sentence: string): string {
  return text.endsWith(sentence) ? text : `${text} ${sentence}`.trimStart();
}
