/**
 * A `Shape` in Gemini's `Schema` (an OpenAPI 3.0 subset): one upper-case `type`, `nullable` instead of a null type,
 * enums of strings, and `anyOf` only by itself ("When using any_of, it must be the only field set").
 */
import type { JsonObject } from "../../wire/gemini.ts";
import { mergeShapes } from "./schema-merge.ts";
import { memberPath } from "./member-path.ts";
import { put, type Shape, typesOf, type TypeName } from "./schema-shape.ts";

/** A longer text is not repeated in every branch of a union. */
const MAX_REPEATED_TEXT = 1_000;

const ONLY_FOR: { [keyword in keyof Shape]?: readonly TypeName[] } = {
  format: ["string", "number", "integer"],
  pattern: ["string"],
  minLength: ["string"],
  maxLength: ["string"],
  minimum: ["number", "integer"],
  maximum: ["number", "integer"],
  items: ["array"],
  minItems: ["array"],
  maxItems: ["array"],
  properties: ["object"],
  required: ["object"],
  propertyOrdering: ["object"],
  additionalProperties: ["object"],
  minProperties: ["object"],
  maxProperties: ["object"],
};

export interface GeminiSchemaOptions {
  maxNodes: number;
  /** Called when unions take more than `maxNodes` parts to write out; must throw. */
  onTooLarge: () => never;
  /**
   * Called for each thing that cannot be said exactly, with where it stands in the result, as a path from the root:
   * - `required`: names that are not declared
   * - `union`: keywords that cannot be combined with a branch
   * - `any`: a value of any type
   */
  onLoss: (what: "required" | "union" | "any", path: string) => void;
  /** What a value of any type is offered as: "must be specified" is what a schema without a type gets. */
  anyTypes: readonly TypeName[];
}

export class GeminiSchemaWriter {
  readonly #options: GeminiSchemaOptions;
  #spent = 0;

  constructor(options: GeminiSchemaOptions) {
    this.#options = options;
  }

  /** @param path of the schema in the request. */
  write(shape: Shape, path: string): JsonObject {
    const found = this.#alternatives(shape, path);
    let nullable = found.takesNull === "yes";
    const branches = found.branches.flatMap((branch) => {
      if (branch.type !== undefined) return [branch];
      this.#options.onLoss("any", path);
      nullable ||= found.takesNull === "untyped";
      this.#spend(this.#options.anyTypes.length);
      return this.#options.anyTypes.map((type) => ofType(branch, type));
    });
    const [only, ...others] = branches;
    if (only === undefined) {
      if (!nullable) this.#options.onLoss("union", path);
      const { anyOf: _branches, type: _types, enum: _values, ...said } = shape;
      return this.#single(ofType(said, "null"), false, path);
    }
    if (others.length === 0) return this.#single(only, nullable, path);
    // `nullable` goes into the branches: beside `anyOf` it would be a second field.
    return {
      anyOf: branches.map((branch, index) => this.#single(branch, nullable, `${path}.anyOf[${index}]`)),
    };
  }

  /** The same values as a union of shapes of one type each, or of none where any type is allowed. */
  #alternatives(shape: Shape, path: string): { branches: Shape[]; takesNull: "yes" | "no" | "untyped" } {
    const { anyOf, ...rest } = shape;
    const types = typesOf(rest);
    if (anyOf === undefined) {
      if (types === undefined) {
        this.#spend(1);
        return { branches: [rest], takesNull: "untyped" };
      }
      const others = types.filter((type) => type !== "null");
      this.#spend(others.length);
      return {
        branches: others.map((type) => ofType(rest, type)),
        takesNull: types.includes("null") ? "yes" : "no",
      };
    }
    const branches: Shape[] = [];
    let takesNull: "yes" | "no" | "untyped" = "no";
    for (const branch of anyOf) {
      const inner = this.#alternatives(branch, path);
      if (inner.takesNull === "yes" || (inner.takesNull === "untyped" && takesNull === "no")) {
        takesNull = inner.takesNull;
      }
      for (const alternative of inner.branches) {
        this.#spend(1 + Object.keys(rest.properties ?? {}).length + ((rest.enum?.length ?? 0) >> 4));
        branches.push(...this.#within(rest, alternative, branches.length === 0, path));
      }
    }
    if (types?.includes("null") === true) return { branches, takesNull: takesNull === "no" ? "no" : "yes" };
    return { branches, takesNull: types === undefined ? takesNull : "no" };
  }

  /** `alternative`, with what is said of the union as a whole. */
  #within(outer: Shape, alternative: Shape, first: boolean, path: string): Shape[] {
    const merged = mergeShapes(outer, alternative);
    if (merged === "empty") return [];
    if (merged === "inexpressible") {
      this.#options.onLoss("union", path);
      return [alternative];
    }
    if (alternative.title !== undefined) merged.title = alternative.title;
    const { description: whole } = outer;
    const { description: own } = alternative;
    if (whole !== undefined && !first && whole.length > MAX_REPEATED_TEXT) {
      if (own === undefined) delete merged.description;
      else merged.description = own;
    } else if (whole !== undefined && own !== undefined && whole !== own) {
      merged.description = `${whole} ${own}`;
    }
    const types = typesOf(merged)?.filter((type) => type !== "null") ?? [];
    return types.length > 0 ? types.map((type) => ofType(merged, type)) : [merged];
  }

  #single(shape: Shape, nullable: boolean, path: string): JsonObject {
    const schema: JsonObject = {};
    const {
      type,
      enum: values,
      properties,
      required,
      items,
      additionalProperties,
      propertyOrdering,
      ...plain
    } = shape;
    if (typeof type === "string") schema["type"] = type.toUpperCase();
    Object.assign(schema, plain);
    if (nullable) schema["nullable"] = true;
    if (values !== undefined) {
      schema["format"] ??= "enum";
      schema["enum"] = values.map(String);
    }
    // "items: missing field" is what an array without them gets.
    if (type === "array") schema["items"] = this.write(items ?? {}, `${path}.items`);
    const names = Object.keys(properties ?? {});
    const isDeclared = (name: string): boolean => properties !== undefined && Object.hasOwn(properties, name);
    // "should be non-empty for OBJECT type" is what an empty one gets.
    if (properties !== undefined && names.length > 0) {
      const written: JsonObject = {};
      for (const name of names) {
        const property = properties[name];
        if (property !== undefined)
          put(written, name, this.write(property, memberPath(`${path}.properties`, name)));
      }
      schema["properties"] = written;
    }
    if (required !== undefined) {
      const declared = required.filter(isDeclared);
      if (declared.length < required.length) this.#options.onLoss("required", path);
      if (declared.length > 0) schema["required"] = declared;
    }
    if (additionalProperties !== undefined) {
      schema["additionalProperties"] =
        typeof additionalProperties === "boolean"
          ? additionalProperties
          : this.write(additionalProperties, `${path}.additionalProperties`);
    }
    const ordering = propertyOrdering?.filter(isDeclared) ?? names;
    if (ordering.length > 1) schema["propertyOrdering"] = ordering;
    return schema;
  }

  #spend(nodes: number): void {
    this.#spent += nodes;
    if (this.#spent > this.#options.maxNodes) this.#options.onTooLarge();
  }
}

function ofType(shape: Shape, type: TypeName): Shape {
  const narrowed: Shape = { ...shape, type };
  for (const [keyword, types] of Object.entries(ONLY_FOR)) {
    if (!types.includes(type)) delete narrowed[keyword as keyof Shape];
  }
  return narrowed;
}
