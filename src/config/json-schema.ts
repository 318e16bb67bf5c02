/** The configuration's schema for editors and other tools. */
import { z } from "zod";
import { roleOf } from "./schema-walk.ts";
import { configSchema } from "./schema.ts";

/** A reference stands for any value; what it becomes is checked when the file is loaded. */
const REFERENCE = { type: "string", pattern: String.raw`\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}` } as const;

/** JSON Schema draft 7, which editors know best. */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, {
    target: "draft-7",
    io: "input",
    override: ({ zodSchema, jsonSchema, path }) => {
      if (path.at(-1) === "propertyNames") return;
      const role = roleOf(zodSchema);
      const others: JsonSchema[] = [];
      if (role.digits === true) others.push({ type: "integer" });
      if (role.secret === true) {
        jsonSchema.writeOnly = true;
        others.push({ type: "string", pattern: "^file:" });
      }
      allow([REFERENCE, ...others], jsonSchema);
    },
  });
  return { title: "pollux.yaml", ...schema };
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

const DESCRIBING = new Set(["description", "default", "writeOnly"]);

/** Moves what restricts a single value into one of several alternatives, and leaves what describes it. */
function allow(others: readonly JsonSchema[], schema: JsonSchema): void {
  if (!["string", "integer", "number", "boolean"].includes(String(schema.type))) return;
  if (schema.const !== undefined) return;
  const rule = Object.fromEntries(Object.entries(schema).filter(([key]) => !DESCRIBING.has(key)));
  // Any text does already.
  if (Object.keys(rule).every((key) => key === "type" || key === "maxLength" || key === "minLength")) {
    if (schema.type === "string") return;
  }
  for (const key of Object.keys(rule)) delete schema[key];
  schema.anyOf = [rule, ...others];
}
