/** A value that validates against a schema, with as much of it as possible drawn from the prompt. */
import type { Json, JsonObject } from "../../wire/gemini.ts";
import { fitted } from "./bounded-number.ts";
import { formattedText } from "./formatted-text.ts";
import { textForPattern } from "./pattern-text.ts";
import type { Field } from "./field-kind.ts";
import { capitalised, type PromptSource } from "./prompt-source.ts";
import {
  isObject,
  isRecursive,
  type SchemaView,
  type TypeName,
  viewSchema,
  withoutBranches,
} from "./schema-view.ts";
import { wordsOf } from "./words.ts";

/** `everything` fills optional properties too, as models do for JSON answers; `said` only those the prompt speaks of. */
export type Filling = "everything" | "said";

const deepest = 40;
const deepestOptional = 6;
const mostValues = 3000;
const mostListItems = 100;
const mostItems = 1000;
const longestText = 4000;

/** Never throws; where a schema contradicts itself the value comes as near as it can. */
export function valueForSchema(schema: Json | undefined, source: PromptSource, filling: Filling): Json {
  return new SchemaFilling(schema, source, filling).value(
    schema,
    { name: "", description: "", siblings: [] },
    [],
    0,
  );
}

class SchemaFilling {
  readonly #root: Json | undefined;
  readonly #source: PromptSource;
  readonly #filling: Filling;
  #made = 0;

  constructor(root: Json | undefined, source: PromptSource, filling: Filling) {
    this.#root = root;
    this.#source = source;
    this.#filling = filling;
  }

  /** `path` holds the references passed on the way down: a repeated one is recursion. */
  value(schema: Json | undefined, field: Field, path: readonly string[], index: number): Json {
    const view = viewSchema(schema, this.#root);
    const below = [...path, ...view.references, ""];
    this.#made++;
    if (below.length > deepest * 2 || this.#made > mostValues * 2) return emptyValue(view.types[0]);
    const described = { ...field, description: view.description };
    if (view.options !== undefined) return this.#option(view.options, view, described, index);
    if (view.branches.length > 0) return this.#branch(schema, view, field, below, index);
    const [first] = view.types;
    if (view.nullable && isRecursive(below)) return null;
    const recorded = this.#source.recorded(field);
    const type = first ?? typeFor(recorded);
    switch (type) {
      case "object":
        return this.#object(view, described, below, index);
      case "array":
        return this.#array(view, described, below);
      case "string":
        return this.#string(view, described, recorded, index);
      case "number":
      case "integer":
        return this.#number(view, described, recorded, type === "integer", index);
      case "boolean":
        return typeof recorded === "boolean"
          ? recorded
          : (this.#source.boolean(described) ?? (view.fallback === true || false));
      case "null":
        return null;
    }
  }

  #option(options: Json[], view: SchemaView, field: Field, index: number): Json {
    const recorded = this.#source.recorded(field);
    if (recorded !== undefined && options.includes(recorded)) return recorded;
    const named = this.#source.option(options);
    if (named !== undefined && index === 0) return named;
    if (view.fallback !== undefined && options.includes(view.fallback)) return view.fallback;
    return options[index % options.length] ?? null;
  }

  /** The branch the prompt names by one of its constants, else the first that does not recur or say null. */
  #branch(
    schema: Json | undefined,
    view: SchemaView,
    field: Field,
    path: readonly string[],
    index: number,
  ): Json {
    const around = isObject(schema) ? withoutBranches(schema) : undefined;
    const branches = view.branches.map((branch) => ({ branch, view: viewSchema(branch, this.#root) }));
    const calm = branches.filter((one) => !one.view.references.some((reference) => path.includes(reference)));
    const nothing = branches.find((one) => one.view.types[0] === "null");
    if (calm.filter((one) => one !== nothing).length === 0 && nothing !== undefined) return null;
    const usable = (calm.length > 0 ? calm : branches).filter((one) => one !== nothing);
    const chosen =
      usable.find((one) => this.#isNamed(one.view)) ?? usable[index % usable.length] ?? branches[0];
    if (chosen === undefined) return null;
    const whole: Json = around === undefined ? chosen.branch : { ...around, allOf: [chosen.branch] };
    return this.value(whole, { ...field, description: view.description }, path, index);
  }

  #isNamed(branch: SchemaView): boolean {
    for (const property of branch.properties.values()) {
      const { options } = viewSchema(property, this.#root);
      if (options?.length === 1 && this.#source.option(options) !== undefined) return true;
    }
    return false;
  }

  #object(view: SchemaView, field: Field, path: readonly string[], index: number): Json {
    const result: JsonObject = Object.create(null);
    const siblings = [...view.properties.keys()];
    const most = view.bound("maxProperties") ?? Number.POSITIVE_INFINITY;
    const optionalRoom = most - view.required.length;
    let optional = 0;
    for (const [name, property] of view.properties) {
      const required = view.required.includes(name);
      const inner = { name, description: viewSchema(property, this.#root).description, siblings };
      if (!required && (optional >= optionalRoom || !this.#wantsOptional(property, inner, path))) continue;
      if (!required) optional++;
      result[name] = this.value(property, inner, path, index);
    }
    const additional = view.additional === false ? undefined : view.additional;
    for (const name of view.required) {
      if (!Object.hasOwn(result, name))
        result[name] = this.value(additional ?? {}, { ...field, name }, path, index);
    }
    this.#fillUp(result, view, additional, path);
    // An ordinary object again, in which `__proto__` stays a name.
    return Object.fromEntries(Object.entries(result));
  }

  /** Maps (`additionalProperties` with a schema and no names) get entries; `minProperties` is met. */
  #fillUp(result: JsonObject, view: SchemaView, additional: Json | undefined, path: readonly string[]): void {
    const isMap = view.properties.size === 0 && isObject(additional) && this.#filling === "everything";
    const least = Math.max(view.bound("minProperties") ?? 0, isMap && path.length <= deepestOptional ? 1 : 0);
    for (const [name, property] of view.properties) {
      if (Object.keys(result).length >= Math.min(least, mostListItems)) return;
      if (!Object.hasOwn(result, name)) {
        result[name] = this.value(property, { name, description: "", siblings: [] }, path, 0);
      }
    }
    if (view.additional === false) return;
    const names = [...this.#source.phrases.names.map((name) => name.text), ...this.#source.phrases.quoted];
    for (let index = 0; Object.keys(result).length < Math.min(least, mostListItems); index++) {
      const name = names[index] ?? `key${index + 1}`;
      if (!Object.hasOwn(result, name)) {
        result[name] = this.value(additional ?? {}, { name, description: "", siblings: [] }, path, index);
      }
    }
  }

  #wantsOptional(property: Json, field: Field, path: readonly string[]): boolean {
    const view = viewSchema(property, this.#root);
    if (isRecursive([...path, ...view.references]) || this.#made > mostValues) return false;
    if (this.#filling === "everything") return path.length <= deepestOptional * 2;
    if (path.length > deepestOptional) return false;
    if (view.options !== undefined) return this.#source.option(view.options) !== undefined;
    return this.#isSaid(view, field);
  }

  /** Whether the prompt itself has a value for an optional property. */
  #isSaid(view: SchemaView, field: Field): boolean {
    switch (view.types[0]) {
      case "string":
        return this.#source.string(field) !== undefined && !view.pattern;
      case "boolean":
        return this.#source.boolean(field) !== undefined;
      case "number":
      case "integer": {
        const words = wordsOf(field.name);
        return this.#source.phrases.numbers.some(({ after, before }) =>
          wordsOf(`${before} ${after}`).some((word) => words.includes(word) || words.includes(`${word}s`)),
        );
      }
      case "array":
        return this.#source.list(field).length > 0;
      default:
        return false;
    }
  }

  #array(view: SchemaView, field: Field, path: readonly string[]): Json {
    const least = Math.max(0, view.bound("minItems") ?? 0);
    const most = Math.max(0, view.bound("maxItems") ?? Number.POSITIVE_INFINITY);
    const itemView = viewSchema(view.items, this.#root);
    const listed = this.#recordedItems(field) ?? this.#listedItems(view, itemView, field);
    const items: Json[] = [];
    const seen = new Set<string>();
    const unique = view.flag("uniqueItems");
    const wanted = Math.min(this.#wantedItems(view, listed.length, itemView, path), mostListItems);
    const goal = Math.min(most, Math.max(least, wanted, view.prefixItems.length), mostItems);
    const inner = { name: singular(field.name), description: field.description, siblings: field.siblings };
    for (let index = 0, tries = 0; items.length < goal && tries < goal * 3 + 10; index++, tries++) {
      const tuple = view.prefixItems[index];
      if (tuple === undefined && view.items === false) break;
      if (this.#made > mostValues && items.length >= least) break;
      const drawn = tuple === undefined && index < listed.length ? listed[index] : undefined;
      const item =
        drawn !== undefined && this.#fits(drawn, itemView)
          ? drawn
          : this.value(tuple ?? view.items ?? {}, inner, path, tuple === undefined ? index : 0);
      const key = unique ? JSON.stringify(item) : "";
      if (unique && seen.has(key)) continue;
      seen.add(key);
      items.push(item);
    }
    return items;
  }

  #listedItems(view: SchemaView, items: SchemaView, field: Field): Json[] {
    if (view.prefixItems.length > 0 || items.options !== undefined) {
      const options = items.options ?? [];
      return options.filter((option) => this.#source.option([option]) !== undefined);
    }
    if (items.types[0] === "number" || items.types[0] === "integer") {
      return this.#source.phrases.numbers.map((number) => number.value);
    }
    return items.types[0] === "string" && items.format === "" ? this.#source.list(field) : [];
  }

  #recordedItems(field: Field): Json[] | undefined {
    const recorded = this.#source.recorded(field);
    return Array.isArray(recorded) ? recorded : undefined;
  }

  #wantedItems(view: SchemaView, listed: number, items: SchemaView, path: readonly string[]): number {
    if (listed > 0) return listed;
    if (isRecursive([...path, ...items.references]) || view.prefixItems.length > 0) return 0;
    if (this.#filling === "said") return 1;
    return path.length > deepestOptional ? 1 : 2;
  }

  /** Whether an item from outside may stand as it is. */
  #fits(item: Json, view: SchemaView): boolean {
    if (view.options !== undefined) return view.options.includes(item);
    const [type] = view.types;
    if (type === "string") {
      if (typeof item !== "string" || view.pattern !== undefined || view.format !== "") return false;
      const length = [...item].length;
      return (
        length >= (view.bound("minLength") ?? 0) &&
        length <= (view.bound("maxLength") ?? Number.POSITIVE_INFINITY)
      );
    }
    if (type !== "number" && type !== "integer") return false;
    return typeof item === "number" && fitted(item, view, type === "integer") === item;
  }

  #string(view: SchemaView, field: Field, recorded: Json | undefined, index: number): string {
    const least = Math.min(Math.max(0, view.bound("minLength") ?? 0), longestText);
    const most = Math.max(0, view.bound("maxLength") ?? longestText);
    const formatted = formattedText(view.format, field, this.#source, index);
    if (formatted !== undefined) return formatted;
    if (view.pattern !== undefined) return textForPattern(view.pattern, least);
    const drawn =
      typeof recorded === "string" || typeof recorded === "number"
        ? String(recorded)
        : index === 0
          ? this.#source.string(field)
          : undefined;
    const fallback = typeof view.fallback === "string" ? view.fallback : undefined;
    let letters = [...(drawn ?? fallback ?? this.#inventedText(field, index))].slice(0, longestText);
    while (letters.length < least)
      letters = [...letters, ..." and more"].slice(0, Math.max(least, letters.length));
    return letters.slice(0, most).join("");
  }

  /** Says what it stands for, so that nobody takes it for a fact. */
  #inventedText(field: Field, index: number): string {
    const label = wordsOf(field.name).join(" ") || "text";
    const { topic } = this.#source.phrases;
    const number = index > 0 ? ` ${index + 1}` : "";
    return capitalised(topic === undefined ? `${label}${number}` : `${label}${number} for ${topic}`);
  }

  #number(view: SchemaView, field: Field, recorded: Json | undefined, whole: boolean, index: number): number {
    const drawn = typeof recorded === "number" ? recorded : this.#source.number(field);
    const fallback = typeof view.fallback === "number" ? view.fallback : index + 1;
    const value = drawn === undefined || (whole && !Number.isInteger(drawn)) ? fallback : drawn;
    return fitted(value, view, whole);
  }
}

/** Where a schema demands more than anyone could send, the rest stays empty. */
function emptyValue(type: TypeName | undefined): Json {
  if (type === "object") return {};
  if (type === "array") return [];
  return type === "string" ? "" : null;
}

function singular(name: string): string {
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name;
}

function typeFor(recorded: Json | undefined): TypeName {
  if (typeof recorded === "number") return "number";
  return typeof recorded === "boolean" ? "boolean" : "string";
}
