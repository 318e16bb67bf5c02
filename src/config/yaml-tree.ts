/** The text of a configuration file as plain values, each with its line and column. */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { z } from "zod";
import type { ConfigPath } from "./config-path.ts";
import type { Origin } from "./origin.ts";
import { mapping, RawConfig, type RawMapping } from "./raw-config.ts";
import { type Environment, expandVariables, hasVariables, readSecretFile } from "./references.ts";
import { bare, entrySchema, roleOf } from "./schema-walk.ts";
import { configSchema } from "./schema.ts";
import { syntaxError } from "./syntax-error.ts";

/** Values in one file, with what aliases repeat; a few thousand are a very large configuration. */
const MAX_VALUES = 50_000;
const MAX_DEPTH = 20;

export interface TreeOptions {
  /** The file's name for people. */
  file: string;
  /** The folder that relative paths of `file:` are taken from. */
  folder: string;
  env: Environment;
}

/**
 * Reads YAML 1.2 (and so JSON) into a `RawConfig` with references resolved. References that lead nowhere are among its
 * problems.
 * @throws ConfigError for text that is no YAML, or YAML of more than plain mappings, lists and values.
 */
export function readTree(text: string, options: TreeOptions): RawConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    strict: true,
    // Looked at below, where all can be told at once; the parser's own look takes the square of their number.
    uniqueKeys: false,
    merge: false,
    schema: "core",
    // "silent" would also silence a second document.
    logLevel: "error",
  });
  const placeOf = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { from: "file", file: options.file, line, column: col };
  };
  if (document.directives?.yaml.version === "1.1") {
    const message = "YAML 1.1 is not supported; remove the %YAML line";
    throw syntaxError([{ path: [], pos: [0, 0], message }], placeOf);
  }
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) throw syntaxError(errors, placeOf, text);
  const raw = new TreeReader(options, placeOf).read(document.contents);
  raw.fingerprint.update(text);
  return raw;
}

type Schema = z.core.$ZodType | undefined;

class TreeReader {
  readonly #options: TreeOptions;
  readonly #placeOf: (offset: number) => Origin;
  readonly #anchors = new Map<string, Node>();
  #raw = new RawConfig();
  #values = 0;
  /** Aliases under way: what they repeat is not where an anchor is set. */
  readonly #following = new Set<Node>();

  constructor(options: TreeOptions, placeOf: (offset: number) => Origin) {
    this.#options = options;
    this.#placeOf = placeOf;
  }

  read(contents: Node | null): RawConfig {
    if (contents === null || (isScalar(contents) && contents.value === null)) return this.#raw;
    if (!isMap(contents))
      throw this.#stop(contents, [], "must be a mapping of keys to values, like `server:`");
    this.#mapping(contents, [], configSchema, this.#raw.value);
    return this.#raw;
  }

  #node(node: Node | null, path: ConfigPath, schema: Schema): unknown {
    this.#values += 1;
    if (node === null) return null;
    if (this.#values > MAX_VALUES) {
      throw this.#stop(node, path, `more than ${MAX_VALUES} values; do aliases repeat each other?`);
    }
    if (path.length > MAX_DEPTH) throw this.#stop(node, path, `nested more than ${MAX_DEPTH} deep`);
    if (isAlias(node)) return this.#alias(node, path, schema);
    if (node.anchor !== undefined && this.#following.size === 0) this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#mapping(node, path, schema, mapping());
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const at = [...path, index];
        this.#note(at, item as Node | null);
        return this.#node(item as Node | null, at, schema && entrySchema(schema, [], index));
      });
    }
    return this.#scalar(node as Scalar, path, schema);
  }

  #mapping(node: YAMLMap, path: ConfigPath, schema: Schema, into: RawMapping): RawMapping {
    this.#plainTag(node, path);
    const shape = { kind: this.#kindIn(node) };
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = this.#key(pair.key, path);
      const at = [...path, key];
      if (Object.hasOwn(into, key)) {
        const message = `the key ${key.slice(0, 80)} is there already; keep one of the two`;
        this.#raw.problems.push({ origin: this.#place(pair.key), path: at, message });
        continue;
      }
      this.#note(at, pair.value, pair.key);
      into[key] = this.#node(pair.value, at, schema && entrySchema(schema, shape, key));
    }
    return into;
  }

  #key(node: Node, path: ConfigPath): string {
    if (!isScalar(node) || node.value === null) throw this.#stop(node, path, "a key must be plain text");
    this.#plainTag(node, path);
    const key = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
    if (key === "<<") {
      throw this.#stop(
        node,
        [...path, key],
        "merge keys are not supported; write the keys out, or repeat a whole value by an alias",
      );
    }
    if (key === "__proto__") throw this.#stop(node, [...path, key], "cannot be used as a key");
    return key;
  }

  #alias(node: Alias, path: ConfigPath, schema: Schema): unknown {
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      throw this.#stop(node, path, `no anchor &${node.source} stands before this alias`);
    }
    if (this.#following.has(target) || contains(target, node)) {
      throw this.#stop(node, path, `the alias *${node.source} repeats what it stands in`);
    }
    this.#following.add(target);
    const value = this.#node(target, path, schema);
    this.#following.delete(target);
    return value;
  }

  #scalar(node: Scalar, path: ConfigPath, schema: Schema): unknown {
    this.#plainTag(node, path);
    const { value } = node;
    const wanted = schema === undefined ? undefined : bare(schema);
    if (typeof value === "string") return this.#text(node, value, path, schema);
    // An id of 19 digits is no number to JavaScript: the digits as written count.
    const wantsText =
      wanted instanceof z.ZodString || wanted instanceof z.ZodEnum || wanted instanceof z.ZodUnion;
    return wantsText && value !== null && node.source !== undefined ? node.source : value;
  }

  #text(node: Scalar, written: string, path: ConfigPath, schema: Schema): unknown {
    const secret = roleOf(schema).secret === true;
    const isFile = secret && written.startsWith("file:");
    if (!hasVariables(written) && !isFile) return written;
    this.#raw.note(path, { ...this.#place(node), reference: written } as Origin, this.#raw.keyPlace(path));
    const expanded = expandVariables(written, this.#options.env);
    if (expanded.problem !== undefined) return this.#unresolved(path, expanded.problem);
    if (isFile) {
      const { file, text, problem } = readSecretFile(
        expanded.text.slice("file:".length),
        this.#options.folder,
      );
      this.#raw.referencedFiles.set(file, path);
      this.#raw.fingerprint.update(`\0${file}\0${text ?? ""}`);
      return problem === undefined ? text : this.#unresolved(path, problem);
    }
    const wanted = schema === undefined ? undefined : bare(schema);
    if (wanted instanceof z.ZodNumber && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(expanded.text)) {
      return Number(expanded.text);
    }
    if (wanted instanceof z.ZodBoolean && /^(?:true|false)$/.test(expanded.text))
      return expanded.text === "true";
    return expanded.text;
  }

  #unresolved(path: ConfigPath, message: string): undefined {
    this.#raw.problems.push({ origin: this.#raw.origin(path), path, message });
    return undefined;
  }

  /** Which kind a mapping says it is, before its other values are read. */
  #kindIn(node: YAMLMap): unknown {
    const kind = node.get("kind");
    return typeof kind === "string" ? (expandVariables(kind, this.#options.env).text ?? kind) : kind;
  }

  #plainTag(node: Node, path: ConfigPath): void {
    const { tag } = node;
    if (tag === undefined || /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/.test(tag)) return;
    throw this.#stop(
      node,
      path,
      `the tag ${tag.replace("tag:yaml.org,2002:", "!!").slice(0, 80)} is not supported`,
    );
  }

  #note(path: ConfigPath, node: Node | null, key?: Node): void {
    const place = this.#place(key ?? node);
    this.#raw.note(path, node === null || node.range?.[0] === undefined ? place : this.#place(node), place);
  }

  #place(node: Node | null): Origin {
    return this.#placeOf(node?.range?.[0] ?? 0);
  }

  #stop(node: Node, path: ConfigPath, message: string): Error {
    return syntaxError([{ path, pos: [node.range?.[0] ?? 0, 0], message }], this.#placeOf);
  }
}

/** By the range in the text: an alias within its own anchor. */
function contains(outer: Node, inner: Node): boolean {
  const [start, end] = [outer.range?.[0], outer.range?.[1]];
  const at = inner.range?.[0];
  return start !== undefined && end !== undefined && at !== undefined && start <= at && at < end;
}
