/** `/openapi.json`, made from the table of routes that serves. */
import { z } from "zod";
import { VERSION } from "../version.ts";
import * as schemas from "./openapi-schemas.ts";
import { ROUTES, type Route, type RouteId } from "./routes.ts";

let document: object | undefined;

/** An OpenAPI 3.1 document; built once. */
export function openapiDocument(): object {
  document ??= build();
  return document;
}

function build(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) {
    if (!route.documented) continue;
    const path = route.path.replace("*}", "}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Pollux",
      version: VERSION,
      description: "OpenAI's Chat Completions API for Google Gemini and self-deployed models.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: {
        ChatCompletionRequest: jsonSchema(schemas.chatCompletionRequest, "input"),
        ChatCompletion: jsonSchema(schemas.chatCompletion),
        ChatCompletionChunk: jsonSchema(schemas.chatCompletionChunk),
        Error: jsonSchema(schemas.errorBody),
        Model: jsonSchema(schemas.model),
        ModelList: jsonSchema(schemas.modelList),
        Status: jsonSchema(schemas.status),
        AuthStatusList: jsonSchema(schemas.authStatusList),
      },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
    // The second: a gateway without access keys asks for none.
    security: [{ bearer: [] }, {}],
  };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output" = "output"): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

const reference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string): object => ({ "application/json": { schema: reference(name) } });

const CHAT_ANSWER = {
  description: "A chat completion, or with `stream: true` its chunks as server-sent events",
  headers: {
    "x-request-id": { schema: { type: "string" } },
    "x-pollux-notes": {
      description: "What was approximated, clamped, ignored or added",
      schema: { type: "string" },
    },
  },
  content: { ...json("ChatCompletion"), "text/event-stream": { schema: reference("ChatCompletionChunk") } },
};

const ANSWERS: Readonly<Record<RouteId, object>> = {
  chatCompletions: CHAT_ANSWER,
  vertexChatCompletions: CHAT_ANSWER,
  endpointChatCompletions: { description: "What the deployed container answers, byte for byte" },
  listModels: { description: "The models", content: json("ModelList") },
  retrieveModel: { description: "The model", content: json("Model") },
  health: { description: "The process is alive", content: json("Status") },
  ready: { description: "The gateway takes requests", content: json("Status") },
  adminConfig: {
    description: "As `pollux config schema` describes it",
    content: { "application/json": { schema: { type: "object" } } },
  },
  adminRouting: {
    description: "Health, cooling, circuit and latency of each target, and the retry budgets",
    content: { "application/json": { schema: { type: "object" } } },
  },
  adminAuth: { description: "One entry for each upstream, without secrets", content: json("AuthStatusList") },
  metrics: {
    description: "Prometheus's text format; 404 where the metrics have a port of their own",
    content: { "text/plain": { schema: { type: "string" } } },
  },
  openapi: { description: "This document", content: { "application/json": { schema: { type: "object" } } } },
};

const SWITCHES = [
  {
    name: "x-pollux-explain",
    in: "header",
    description: "`1`: answer with the exact Gemini call and the rules behind it instead of making it",
    schema: { type: "string", enum: ["1"] },
  },
  {
    name: "x-pollux-strict",
    in: "header",
    description: "`1`: refuse a request with a field that would be ignored",
    schema: { type: "string", enum: ["1"] },
  },
];

function operation(route: Route): object {
  const chat = route.method === "POST";
  const translated = chat && route.id !== "endpointChatCompletions";
  const inPath = [...route.path.matchAll(/\{(\w+)\*?\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    operationId: operationId(route),
    summary: route.summary,
    parameters: [...inPath, ...(translated ? SWITCHES : [])],
    ...(chat
      ? {
          requestBody: {
            required: true,
            content: translated
              ? json("ChatCompletionRequest")
              : { "application/json": { schema: { type: "object" } } },
          },
        }
      : {}),
    responses: {
      "200": ANSWERS[route.id],
      default: { description: "An error in OpenAI's shape", content: json("Error") },
    },
  };
}

/** Unique per path: `vertexChatCompletions` is served under two versions. */
function operationId(route: Route): string {
  const version = /^\/(v1beta1|v1beta)\//.exec(route.path)?.[1];
  return version === undefined ? route.id : `${route.id}_${version}`;
}
