/** docs/configuration.md: the tables of keys, from the schema that checks them. */
import { z } from "zod";
import { credentialsSchema } from "../../src/config/credentials-schema.ts";
import { OVERRIDES } from "../../src/config/effective.ts";
import { formatPath } from "../../src/config/config-path.ts";
import { aliasSchema, routeSchema } from "../../src/config/route-schema.ts";
import { alternative, bare, descriptionOf, kindOf, roleOf } from "../../src/config/schema-walk.ts";
import { configSchema } from "../../src/config/schema.ts";
import { upstreamSchema } from "../../src/config/upstream-schema.ts";
import { code, table } from "./markdown.ts";

type Schema = z.core.$ZodType;

const COLUMNS = ["Key", "Value", "Default", "Meaning"];

/** The tables by the name that the template gives them. */
export function configurationTables(): Record<string, string> {
  const { server, limits, media, log, metrics, tracing, httpClient } = configSchema.shape;
  const targets = shapeOf(routeSchema).targets;
  const target = targets === undefined ? undefined : bare(targets);
  if (!(target instanceof z.ZodArray)) throw new Error("the targets of a route are a list");
  return {
    server: table(COLUMNS, rows(server, "server.")),
    limits: table(COLUMNS, rows(limits, "limits.")),
    media: table(COLUMNS, rows(media, "media.")),
    observe: table(COLUMNS, [
      ...rows(log, "log."),
      ...rows(metrics, "metrics."),
      ...rows(tracing, "tracing."),
    ]),
    "http-client": table(COLUMNS, rows(z.strictObject({ httpClient }), "")),
    variables: table(["Variable", "Flag of `pollux serve`", "Key"], overrides()),
    upstreams: upstreamSchema.options.map(upstreamSection).join("\n\n"),
    credentials: table(["`kind`", "Keys", "Meaning"], credentialsSchema.options.map(credentialsRow)),
    route: table(COLUMNS, rows(alternative(aliasSchema, {}), "")),
    target: table(COLUMNS, rows(target.element, "")),
  };
}

function overrides(): string[][] {
  return OVERRIDES.map(({ path, variable, flag }) => [
    code(variable),
    flag === undefined ? "" : code(`--${flag}`),
    code(formatPath(path)),
  ]);
}

function upstreamSection(option: Schema): string {
  const fields = rows(option, "").filter(([key]) => key !== "`kind`");
  return [`### ${kindOf(option)}`, "", descriptionOf(option) ?? "", "", table(COLUMNS, fields)].join("\n");
}

function credentialsRow(option: Schema): string[] {
  const fields = rows(option, "")
    .filter(([key]) => key !== "`kind`")
    .map(([key, , fallback, meaning]) => {
      const unless = fallback === "required" ? "" : `, default ${fallback}`;
      return `${key}${unless}: ${meaning}`;
    });
  return [code(kindOf(option) ?? ""), fields.join(" "), descriptionOf(option) ?? ""];
}

/** A row for each value of a mapping; nested mappings are taken apart. */
function rows(schema: Schema | undefined, prefix: string): string[][] {
  return Object.entries(shapeOf(schema)).flatMap(([key, field]) => {
    if (bare(field) instanceof z.ZodObject) return rows(field, `${prefix}${key}.`);
    return [[code(prefix + key), valueText(field), defaultText(field), descriptionOf(field) ?? ""]];
  });
}

function shapeOf(schema: Schema | undefined): Record<string, Schema> {
  const plain = schema === undefined ? undefined : bare(schema);
  if (!(plain instanceof z.ZodObject)) throw new Error("only a mapping has keys");
  return plain.shape;
}

/** What may stand there, in a few words. */
function valueText(schema: Schema): string {
  const plain = bare(schema);
  const role = roleOf(schema);
  if (role.secret === true) return "secret";
  if (role.path === true) return "path";
  if (plain instanceof z.ZodEnum) return plain.options.map((option) => code(String(option))).join(", ");
  if (plain instanceof z.ZodLiteral) return code(String(plain.value));
  if (plain instanceof z.ZodBoolean) return "`true`, `false`";
  if (plain instanceof z.ZodNumber) return numberText(plain);
  if (plain instanceof z.ZodArray) return `list: ${valueText(plain.element)}`;
  if (plain instanceof z.ZodObject || plain instanceof z.ZodRecord) return "mapping";
  if (plain instanceof z.ZodUnion) return "mapping";
  return "text";
}

function numberText(schema: z.ZodNumber): string {
  const { minValue, maxValue, isInt } = schema;
  const what = isInt ? "whole number" : "number";
  if (minValue === null || maxValue === null) return what;
  const above = schema.safeParse(minValue).success ? "" : "above ";
  return `${what}, ${above}${minValue.toLocaleString("en")} to ${maxValue.toLocaleString("en")}`;
}

function defaultText(schema: Schema): string {
  if (schema instanceof z.ZodDefault) {
    const value: unknown = schema.def.defaultValue;
    return code(typeof value === "string" ? value : JSON.stringify(value));
  }
  return schema instanceof z.ZodOptional ? "" : "required";
}
