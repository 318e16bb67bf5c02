/** The official `openai` package for Node as a client; a peer dependency, which may be absent. */
import type OpenAI from "openai";
import { type Driver, plainRequest } from "./run-case.ts";
import { keyAndHeaders, sdkCall, type SdkReport, sdkView, type Thrown } from "./sdk-view.ts";

/** Undefined where the package is not installed. */
export async function nodeSdk(): Promise<{ driver: Driver; version: string } | undefined> {
  const sdk = await import("openai").catch(() => undefined);
  if (sdk === undefined) return undefined;
  const { OpenAI: Client } = sdk;
  const { VERSION: version } = await import("openai/version");
  const driver: Driver = {
    viewpoint: "node",
    ask: async (request, gateway, withinMs) => {
      const call = sdkCall(request, gateway);
      const { key, headers } = keyAndHeaders({ ...gateway.headers, ...request.headers });
      const client = new Client({
        apiKey: key,
        baseURL: call.baseUrl,
        defaultHeaders: headers,
        maxRetries: request.max_retries ?? 0,
        timeout: withinMs,
        // Whatever stands in the environment is not this gateway's.
        organization: null,
        project: null,
        logLevel: "off",
      });
      const report = await reportOf(client, call, AbortSignal.timeout(withinMs));
      return { view: sdkView(report), request: plainRequest(request, gateway) };
    },
  };
  return { driver, version };
}

async function reportOf(
  client: OpenAI,
  call: ReturnType<typeof sdkCall>,
  signal: AbortSignal,
): Promise<SdkReport> {
  const report: SdkReport = {};
  try {
    if (call.method === "models") report.completion = { ...pageOf(await client.models.list({ signal })) };
    else if (call.method === "model")
      report.completion = await client.models.retrieve(call.model, { signal });
    else await chat(client, call.body, report, signal);
  } catch (error) {
    if (signal.aborted) report.late = true;
    else report.thrown = thrownOf(error);
  }
  return report;
}

async function chat(client: OpenAI, body: object, report: SdkReport, signal: AbortSignal): Promise<void> {
  // What a case sends may be wrong on purpose.
  const answer = await client.chat.completions.create(
    body as OpenAI.Chat.Completions.ChatCompletionCreateParams,
    { signal },
  );
  if (!(Symbol.asyncIterator in answer)) {
    report.completion = answer;
    return;
  }
  report.chunks = [];
  for await (const chunk of answer) report.chunks.push(chunk);
  // The SDK ends a stream that is aborted as if it were whole.
  if (signal.aborted) report.late = true;
}

function pageOf({ object, data }: OpenAI.Models.ModelsPage): object {
  return { object, data };
}

function thrownOf(error: unknown): Thrown {
  const thrown: Thrown = { class: "Error", message: String(error) };
  if (!(error instanceof Error)) return thrown;
  thrown.class = error.constructor.name;
  thrown.message = error.message;
  const { status, code, type, param } = error as Error & Record<string, unknown>;
  if (typeof status === "number") thrown.status = status;
  if (typeof code === "string") thrown.code = code;
  if (typeof type === "string") thrown.type = type;
  if (typeof param === "string") thrown.param = param;
  return thrown;
}
