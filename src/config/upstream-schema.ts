/** Where models live: one strict object for each kind of upstream. */
import { z } from "zod";
import { credentialsSchema } from "./credentials-schema.ts";
import { baseUrl, endpointId, location, modelId, path, project, secret } from "./field-kinds.ts";

const ownCredentials = credentialsSchema
  .default({ kind: "adc" })
  .describe("How this upstream signs in to Google.");

const ownProject = project(
  "Google Cloud project. Left out: GOOGLE_CLOUD_PROJECT, else the project of the credentials.",
).optional();

const models = z
  .array(modelId("A model id that this upstream answers."))
  .max(1000)
  .optional()
  .describe("The models shown in /v1/models. Left out: found by asking the upstream.");

const allowedProjects = z
  .array(
    z
      .string()
      .max(160)
      .regex(
        /^(?:\*|[A-Za-z0-9][A-Za-z0-9._:-]*)(?:\/[a-z][a-z0-9-]*)?$/,
        "is not `project`, `project/location` or `*`",
      )
      .describe("`project`, `project/location`, or `*` for any project."),
  )
  .max(1000)
  .optional()
  .describe("Projects that callers may name in a Vertex path. Left out: the upstream's own project only.");

const repair = (fallback: boolean) =>
  z
    .boolean()
    .default(fallback)
    .describe("Mend known defects of the server's answers; false passes them through byte for byte.");

const vertex = z
  .strictObject({
    kind: z.literal("vertex"),
    project: ownProject,
    location: location("Where requests go unless a target says otherwise.").default("global"),
    apiKey: secret("Express mode: an API key in place of project and credentials.").optional(),
    credentials: ownCredentials,
    quotaProject: project("The project billed for the calls (`x-goog-user-project`).").optional(),
    tier: z
      .enum(["priority", "flex"])
      .optional()
      .describe("Service tier asked of Vertex AI for each request."),
    requestType: z
      .enum(["shared", "dedicated"])
      .optional()
      .describe("Use only shared capacity, or only provisioned throughput. Left out: Vertex AI decides."),
    baseUrl: baseUrl("Another address than Google's own, for example a proxy.").optional(),
    allowedProjects,
  })
  .describe("Gemini on Vertex AI, base and tuned models.");

const geminiApi = z
  .strictObject({
    kind: z.literal("gemini-api"),
    apiKeys: z
      .array(secret("A Gemini API key."))
      .max(1000)
      .default([])
      .describe("Keys, used in turn. Empty: each caller sends a key of their own."),
    baseUrl: baseUrl("Another address than Google's own.").optional(),
    allowedProjects,
  })
  .describe("Gemini on the Gemini API.");

const vertexEndpoint = z
  .strictObject({
    kind: z.literal("vertex-endpoint"),
    project: ownProject,
    location: location("The region of the endpoint."),
    endpoint: endpointId(
      "Id of the endpoint. Left out: every endpoint of the project in this location is found.",
    ).optional(),
    host: baseUrl(
      "The endpoint's dedicated or Private Service Connect host, as an address.",
      "anywhere",
    ).optional(),
    models,
    credentials: ownCredentials,
  })
  .describe("A self-deployed model on a Vertex AI endpoint; bodies pass through byte for byte.");

const vertexOpenapi = z
  .strictObject({
    kind: z.literal("vertex-openapi"),
    project: ownProject,
    location: location("Where requests go unless a target says otherwise.").default("global"),
    credentials: ownCredentials,
    quotaProject: project("The project billed for the calls (`x-goog-user-project`).").optional(),
    baseUrl: baseUrl("Another address than Google's own.").optional(),
    models,
    repair: repair(true),
  })
  .describe("Google's own OpenAI layer on Vertex AI, for partner models.");

const openaiCompatible = z
  .strictObject({
    kind: z.literal("openai-compatible"),
    baseUrl: baseUrl("Address up to and with `/v1`, for example http://127.0.0.1:8000/v1.", "anywhere"),
    apiKey: secret("Sent as `Authorization: Bearer`. Left out: no key is sent.").optional(),
    models,
    repair: repair(false),
  })
  .describe(
    "Any server that speaks Chat Completions: vLLM, TGI, Ollama, llama.cpp, LM Studio, another gateway.",
  );

const local = z
  .strictObject({
    kind: z.literal("local"),
    file: path("A GGUF model file."),
    name: modelId("The model's name for callers. Default: the file's name without `.gguf`.").optional(),
    contextTokens: z
      .int()
      .min(64)
      .max(2 ** 24)
      .optional()
      .describe("Size of the context. Left out: as the model was made, within memory."),
    queue: z.int().min(0).max(100_000).default(16).describe("Requests that may wait; more get a 429."),
    threads: z.int().min(1).max(1024).optional().describe("CPU threads. Left out: by the number of cores."),
  })
  .describe("A GGUF file served in this process; needs the optional package node-llama-cpp.");

const emulator = z
  .strictObject({
    kind: z.literal("emulator"),
    script: path("YAML or JSON rules for what is answered.").optional(),
    location: location("The location it stands for, where residency fences are tried out.").optional(),
    allowedProjects,
  })
  .describe("The built-in Gemini emulator: offline, free, for development and tests.");

export const upstreamSchema = z.discriminatedUnion("kind", [
  vertex,
  geminiApi,
  vertexEndpoint,
  vertexOpenapi,
  openaiCompatible,
  local,
  emulator,
]);

export type UpstreamConfig = z.infer<typeof upstreamSchema>;
export type UpstreamKind = UpstreamConfig["kind"];
/** The configuration of one kind, for example `UpstreamOf<"vertex">`. */
export type UpstreamOf<Kind extends UpstreamKind> = Extract<UpstreamConfig, { kind: Kind }>;
