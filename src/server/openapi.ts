/** `/openapi.json`, made from the table of routes that serves. */
import { ROUTES } from "./routes.ts";

let document: object | undefined;

export function openapiDocument(): object {
  document ??= buildDocument();
  return document;
}

function buildDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES.filter(({ documented }) => documented)) {
    const path = route.path.replace("*}", "}");
    (paths[path] ??= {})[route.method.toLowerCase()] = { summary: route.summary };
  }
  return { openapi: "3.1.0", info: { title: "Pollux", version: "0.1.0" }, paths };
}
