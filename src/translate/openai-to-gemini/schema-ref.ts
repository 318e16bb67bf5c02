/**
 * `$ref` inside one caller's schema: what each points at, and which definitions contain themselves.
 * Only references within the schema are followed; nothing is ever fetched.
 */
import { invalidRequest } from "../../errors.ts";
import { isObject } from "../read-field.ts";
import { subschemas } from "./schema-keywords.ts";
import { memberPath } from "./member-path.ts";

/** Bounds the recursion of the search for cycles, and the time for one request. */
const MAX_TARGETS = 1_000;

export interface RefTarget {
  /** JSON pointer from the root, `""` for the root itself. */
  readonly pointer: string;
  readonly source: unknown;
  /** Where the target stands in the request. */
  readonly path: string;
  /** Last name in the pointer. */
  readonly name: string;
  /** Targets that reach each other share a group; 0 for one that does not contain itself. */
  group: number;
}

export class SchemaRefs {
  readonly root: RefTarget;
  readonly #rootPath: string;
  readonly #maxNodes: number;
  readonly #targets = new Map<string, RefTarget>();
  #anchors: Map<string, { source: unknown; path: string }> | undefined;
  #groups = 0;

  /**
   * @param maxNodes schemas that may be reached; each is counted once.
   * @throws GatewayError (400) for a reference that leads nowhere or out of the schema, and for a schema too large.
   */
  constructor(source: unknown, path: string, maxNodes: number) {
    this.#rootPath = path;
    this.#maxNodes = maxNodes;
    this.root = { pointer: "", source, path, name: "root", group: 0 };
    this.#targets.set("", this.root);
    this.#findCycles();
  }

  /** Some definition contains itself. */
  get recursive(): boolean {
    return this.#groups > 0;
  }

  resolve(reference: string, path: string): RefTarget {
    const fragment = this.#fragment(reference, path);
    if (fragment !== "" && !fragment.startsWith("/")) return this.#anchor(fragment, reference, path);
    const known = this.#targets.get(fragment);
    if (known !== undefined) return known;
    let source: unknown = this.root.source;
    let at = this.#rootPath;
    let name = "";
    for (const token of fragment.split("/").slice(1)) {
      name = token.replaceAll("~1", "/").replaceAll("~0", "~");
      if (Array.isArray(source) && /^(?:0|[1-9]\d*)$/.test(name) && Number(name) < source.length) {
        source = source[Number(name)];
        at = `${at}[${name}]`;
      } else if (isObject(source) && Object.hasOwn(source, name)) {
        source = source[name];
        at = memberPath(at, name);
      } else {
        throw invalidRequest(path, `${path}: there is nothing at ${quoted(reference)} in this schema.`);
      }
    }
    return this.#target(fragment, source, at, name, path);
  }

  #fragment(reference: string, path: string): string {
    const id = isObject(this.root.source) ? this.root.source["$id"] : undefined;
    let local = reference;
    if (typeof id === "string" && id !== "" && reference.startsWith(id.replace(/#$/, ""))) {
      local = reference.slice(id.replace(/#$/, "").length);
    }
    if (local !== "" && !local.startsWith("#")) {
      throw invalidRequest(
        path,
        `${path}: ${quoted(reference)} points out of this schema. Put the definition under "$defs" and refer to it as "#/$defs/name".`,
      );
    }
    try {
      return decodeURIComponent(local.slice(1));
    } catch {
      // A bare % that escapes nothing: taken as it is written.
      return local.slice(1);
    }
  }

  #anchor(name: string, reference: string, path: string): RefTarget {
    this.#anchors ??= this.#findAnchors();
    const found = this.#anchors.get(name);
    if (found === undefined) {
      throw invalidRequest(path, `${path}: no "$anchor" in this schema is named ${quoted(reference)}.`);
    }
    return this.#targets.get(`#${name}`) ?? this.#target(`#${name}`, found.source, found.path, name, path);
  }

  #target(pointer: string, source: unknown, at: string, name: string, path: string): RefTarget {
    if (this.#targets.size >= MAX_TARGETS) {
      throw invalidRequest(
        path,
        `${path}: more than ${MAX_TARGETS} definitions are referred to in this schema.`,
      );
    }
    const target: RefTarget = { pointer, source, path: at, name, group: 0 };
    this.#targets.set(pointer, target);
    return target;
  }

  #findAnchors(): Map<string, { source: unknown; path: string }> {
    const anchors = new Map<string, { source: unknown; path: string }>();
    const waiting = [{ source: this.root.source, path: this.#rootPath }];
    for (let count = 0; waiting.length > 0 && count <= this.#maxNodes; count += 1) {
      const { source, path } = waiting.pop() ?? {};
      if (!isObject(source) || path === undefined) continue;
      const anchor = source["$anchor"];
      if (typeof anchor === "string" && !anchors.has(anchor)) anchors.set(anchor, { source, path });
      for (const container of ["$defs", "definitions"]) {
        const definitions = source[container];
        if (!isObject(definitions)) continue;
        for (const [name, definition] of Object.entries(definitions)) {
          waiting.push({ source: definition, path: memberPath(`${path}.${container}`, name) });
        }
      }
      waiting.push(...subschemas(source, path));
    }
    return anchors;
  }

  /** Tarjan's strongly connected components, over targets and the references inside them. */
  #findCycles(): void {
    let nodes = 0;
    let visits = 0;
    const order = new Map<RefTarget, { index: number; low: number; onStack: boolean }>();
    const stack: RefTarget[] = [];

    const referencesOf = (target: RefTarget): RefTarget[] => {
      const found = new Set<RefTarget>();
      const waiting = [{ source: target.source, path: target.path }];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        nodes += 1;
        if (nodes > this.#maxNodes) throw schemaTooLarge(next.path, this.#maxNodes);
        const { source, path } = next;
        if (!isObject(source)) continue;
        const reference = Object.hasOwn(source, "$ref") ? source["$ref"] : undefined;
        if (typeof reference === "string") found.add(this.resolve(reference, `${path}.$ref`));
        waiting.push(...subschemas(source, path));
      }
      return [...found];
    };

    const visit = (target: RefTarget): { index: number; low: number } => {
      const state = { index: visits, low: visits, onStack: true };
      visits += 1;
      order.set(target, state);
      stack.push(target);
      let containsItself = false;
      for (const next of referencesOf(target)) {
        if (next === target) containsItself = true;
        const known = order.get(next);
        if (known === undefined) state.low = Math.min(state.low, visit(next).low);
        else if (known.onStack) state.low = Math.min(state.low, known.index);
      }
      if (state.low === state.index) {
        const members = stack.splice(stack.indexOf(target));
        if (members.length > 1 || containsItself) this.#groups += 1;
        for (const member of members) {
          const memberState = order.get(member);
          if (memberState !== undefined) memberState.onStack = false;
          if (members.length > 1 || containsItself) member.group = this.#groups;
        }
      }
      return state;
    };
    visit(this.root);
  }
}

/** The 400 for a schema with more parts than are converted; `json-schema.ts` knows it by its code. */
export function schemaTooLarge(path: string, maxNodes: number): Error {
  return invalidRequest(
    path,
    `${path}: the schema has more than ${maxNodes} parts once its references are followed. Make it smaller.`,
    SCHEMA_TOO_LARGE,
  );
}

export const SCHEMA_TOO_LARGE = "schema_too_large";

function quoted(reference: string): string {
  return JSON.stringify(reference.length > 100 ? `${reference.slice(0, 100)}…` : reference);
}
