/** A configuration as it was said, before it is checked: values, and where each came from. */
import { createHash } from "node:crypto";
import { type ConfigPath, formatPath } from "./config-path.ts";
import type { ConfigProblem } from "./config-error.ts";
import type { Origin } from "./origin.ts";

export type RawMapping = { [key: string]: unknown };

export class RawConfig {
  /** Mappings have no prototype. */
  readonly value: RawMapping;
  /** What is wrong already: references that lead nowhere. */
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  /** Files that `file:` refers to, as absolute paths, each with a place that does. */
  readonly referencedFiles = new Map<string, ConfigPath>();
  /** Changes with the text of the file and of every file it refers to. */
  readonly fingerprint = createHash("sha256");
  readonly #origins = new Map<string, Origin>();
  readonly #keys = new Map<string, Origin>();

  constructor(value: RawMapping = mapping()) {
    this.value = value;
  }

  /** Notes the origin of a value, and of its key where it has one. */
  note(path: ConfigPath, origin: Origin, key?: Origin): void {
    this.#origins.set(formatPath(path), origin);
    if (key !== undefined) this.#keys.set(formatPath(path), key);
  }

  /** Puts in place a value from elsewhere than the file; it wins over what is there. */
  set(path: ConfigPath, value: unknown, origin: Origin): void {
    let current = this.value;
    for (const key of path.slice(0, -1)) {
      const next = current[key];
      if (typeof next === "object" && next !== null) current = next as RawMapping;
      else {
        const created = mapping();
        current[key] = created;
        current = created;
      }
    }
    const last = path.at(-1);
    if (last === undefined) throw new RangeError("a value needs a path");
    current[last] = value;
    this.#forget(formatPath(path));
    this.note(path, origin);
  }

  /** What the file said there, and what was wrong with it, no longer counts. */
  #forget(place: string): void {
    if (!this.#origins.has(place)) return;
    const covers = (other: string): boolean =>
      other === place || other.startsWith(`${place}.`) || other.startsWith(`${place}[`);
    for (const map of [this.#origins, this.#keys]) {
      for (const other of map.keys()) if (covers(other)) map.delete(other);
    }
    const left = this.problems.filter(({ path }) => !covers(formatPath(path)));
    this.problems.splice(0, this.problems.length, ...left);
  }

  /** Of the value itself; undefined when it was not said. */
  origin(path: ConfigPath): Origin | undefined {
    return this.#origins.get(formatPath(path));
  }

  /** Of the value's key, else of the value, else of what it stands in. */
  keyPlace(path: ConfigPath): Origin | undefined {
    return this.#keys.get(formatPath(path)) ?? this.place(path);
  }

  /** Of the value, else of the nearest thing it stands in, at whose key something is missing. */
  place(path: ConfigPath): Origin | undefined {
    const own = this.origin(path);
    if (own !== undefined || path.length === 0) return own;
    return this.keyPlace(path.slice(0, -1));
  }
}

export function mapping(): RawMapping {
  return Object.create(null) as RawMapping;
}
