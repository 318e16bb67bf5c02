/** What the schema found wrong, in words that say what to change. */
import { z } from "zod";
import type { ConfigProblem } from "./config-error.ts";
import { type ConfigPath, formatPath } from "./config-path.ts";
import { suggestion } from "./nearest.ts";
import type { RawConfig } from "./raw-config.ts";
import { alternative, bare, kindOf, propertyOf, roleOf, schemaAt, valueAt } from "./schema-walk.ts";

type Issue = z.core.$ZodIssue;

/** Every issue as problems; a value whose reference could not be resolved has been told already. */
export function schemaProblems(issues: readonly Issue[], raw: RawConfig): ConfigProblem[] {
  const told = new Set(raw.problems.map(({ path }) => formatPath(path)));
  return issues
    .flatMap((issue) =>
      problemsOf(
        issue,
        issue.path.filter((key) => typeof key !== "symbol"),
        raw,
      ),
    )
    .filter(({ path }) => !told.has(formatPath(path)));
}

function problemsOf(issue: Issue, path: ConfigPath, raw: RawConfig): ConfigProblem[] {
  const problem = (message: string): ConfigProblem[] => [{ origin: raw.place(path), path, message }];
  const value = valueAt(raw.value, path);
  if (value === null) {
    return [{ origin: raw.keyPlace(path), path, message: "is empty; give it a value or remove it" }];
  }
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], raw));
    case "invalid_key":
      return [
        {
          origin: raw.keyPlace(path),
          path,
          message: issue.issues.map(({ message }) => `${JSON.stringify(path.at(-1))} ${message}`).join("; "),
        },
      ];
    case "invalid_union":
      return unionProblems(issue, path, raw);
    case "invalid_type":
      if (value === undefined) return problem("is missing");
      return problem(`must be ${EXPECTED.get(issue.expected) ?? issue.expected}, not ${shown(path, raw)}`);
    case "invalid_value": {
      const options = issue.values.map(String);
      return problem(`${shown(path, raw)} is not ${oneOf(options)}${near(value, options)}`);
    }
    case "too_small":
    case "too_big":
      return problem(boundProblem(issue, shown(path, raw)));
    default:
      // Our own rules; a message that begins so needs its subject.
      return problem(
        /^(?:is|may) /.test(issue.message) ? `${shown(path, raw)} ${issue.message}` : issue.message,
      );
  }
}

const EXPECTED = new Map([
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["object", "a mapping"],
  ["record", "a mapping"],
  ["array", "a list"],
]);

function unknownKey(path: ConfigPath, raw: RawConfig): ConfigProblem {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const container = valueAt(raw.value, parent);
  const union = schemaAt(raw.value, parent);
  const schema = union && alternative(union, container);
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const near = suggestion(key, known);
  const kinds = near === "" && union !== undefined ? kindsWith(union, key) : [];
  const kind = propertyOf(container, "kind");
  const of = typeof kind === "string" ? ` for the kind ${kind}` : "";
  const belongs = kinds.length === 0 ? "" : `; it belongs to ${kinds.join(", ")}`;
  const help = near !== "" ? near : `${belongs}; known are ${known.join(", ")}`;
  return { origin: raw.keyPlace(path), path, message: `unknown key${of}${help}` };
}

/** The kinds of a union that do take this key. */
function kindsWith(union: z.core.$ZodType, key: string): string[] {
  const plain = bare(union);
  if (!(plain instanceof z.ZodDiscriminatedUnion)) return [];
  return plain.options.flatMap((option) => {
    const object = bare(option);
    const kind = kindOf(option);
    return object instanceof z.ZodObject && Object.hasOwn(object.shape, key) && kind !== undefined
      ? [kind]
      : [];
  });
}

function unionProblems(
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: ConfigPath,
  raw: RawConfig,
): ConfigProblem[] {
  const problem = (message: string): ConfigProblem[] => [{ origin: raw.place(path), path, message }];
  if (issue.errors.length === 0) {
    // No alternative was tried: `path` ends with the key that tells them apart.
    const union = schemaAt(raw.value, path.slice(0, -1));
    const plain = union && bare(union);
    const kinds =
      plain instanceof z.ZodDiscriminatedUnion ? plain.options.map((option) => kindOf(option) ?? "") : [];
    const value = valueAt(raw.value, path);
    if (value === undefined) return problem(`is missing; give ${oneOf(kinds)}`);
    return problem(`${shown(path, raw)} is not ${oneOf(kinds)}${near(value, kinds)}`);
  }
  // The alternative that was meant is the one whose fault lies deeper than its outermost type.
  const meant = issue.errors.filter(
    (errors) => !errors.some(({ code, path: at }) => code === "invalid_type" && at.length === 0),
  );
  const [first] = meant;
  if (meant.length !== 1 || first === undefined)
    return problem("must be a model id or a mapping with `targets`");
  return first.flatMap((inner) =>
    problemsOf(inner, [...path, ...inner.path.filter((key) => typeof key !== "symbol")], raw),
  );
}

function boundProblem(issue: Extract<Issue, { code: "too_small" | "too_big" }>, value: string): string {
  const [bound, word] = issue.code === "too_small" ? [issue.minimum, "at least"] : [issue.maximum, "at most"];
  switch (issue.origin) {
    case "string":
      return issue.code === "too_small" ? "must not be empty" : `may have at most ${bound} characters`;
    case "array":
      return issue.code === "too_small" ? "must not be an empty list" : `may have at most ${bound} entries`;
    default:
      return `must be ${issue.inclusive === false ? "more than" : word} ${bound}, not ${value}`;
  }
}

function near(value: unknown, options: readonly string[]): string {
  return typeof value === "string" ? suggestion(value, options) : "";
}

function oneOf(options: readonly string[]): string {
  return options.length === 1 ? `${options[0]}` : `one of ${options.join(", ")}`;
}

/** A value for a message: as it was written where it refers to something, and never a secret. */
export function shown(path: ConfigPath, raw: RawConfig): string {
  const schema = schemaAt(raw.value, path);
  if (roleOf(schema).secret === true) return "this value";
  const origin = raw.origin(path);
  if (origin?.from === "file" && origin.reference !== undefined) return `the value of ${origin.reference}`;
  const value = valueAt(raw.value, path);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
