/** `${NAME}` inside a text, and `file:` in front of a secret. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

export type Environment = Record<string, string | undefined>;

/** A text with its references resolved, or what is wrong with them. Neither holds a value that was not asked for. */
export type Resolved = { text: string; problem?: undefined } | { text?: undefined; problem: string };

const MAX_SECRET_BYTES = 64 * 1024;

/** True for texts that `expandVariables` would change. */
export function hasVariables(text: string): boolean {
  return text.includes("${");
}

/**
 * Replaces `${NAME}` by the variable, `${NAME:-text}` by the variable or, where it is unset or empty, the text.
 * `$${` stands for a literal `${`.
 */
export function expandVariables(text: string, env: Environment): Resolved {
  let problem: string | undefined;
  const expanded = text.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (whole, inside?: string, end?: string) => {
    if (inside === undefined) return "${";
    const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside) ?? [];
    if (name === undefined || end !== "}") {
      problem ??= `${JSON.stringify(whole.slice(0, 80))} is not a reference to a variable; write \${NAME} or \${NAME:-default}, and $\${ for a literal \${`;
      return "";
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value !== "") return value;
    if (fallback === undefined) {
      problem ??= `the environment variable ${name} is not set; set it, or write \${${name}:-default}`;
    }
    return fallback ?? "";
  });
  return problem === undefined ? { text: expanded } : { problem };
}

/** The contents of a secret's file without its last line break. `path` is taken from `folder` where it is relative. */
export function readSecretFile(path: string, folder: string): Resolved & { file: string } {
  const file = resolve(folder, path);
  if (path.trim() === "") return { file, problem: "`file:` needs a path after it" };
  try {
    const { size } = statSync(file);
    if (!statSync(file).isFile()) return { file, problem: `${file} is not a file` };
    if (size > MAX_SECRET_BYTES) return { file, problem: `${file} is larger than ${MAX_SECRET_BYTES} bytes` };
    const text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    return text === "" ? { file, problem: `${file} is empty` } : { file, text };
  } catch (error) {
    return { file, problem: `${file} cannot be read (${errorCode(error)})` };
  }
}

/** `ENOENT` and the like; an error's own message may repeat more than it should. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "failed";
}
