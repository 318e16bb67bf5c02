/** Self-deployed endpoints: a vLLM container behind Vertex's `endpoints/{id}/chat/completions`. */
import type { ServerResponse } from "node:http";
import type { JsonObject } from "../../wire/gemini.ts";
import type { FaultPlan } from "../faults.ts";
import type { GenerateSettings } from "../generate.ts";
import { GoogleApiError } from "../google-error.ts";
import type { Route } from "../http/route.ts";
import { sendJson } from "../http/send.ts";
import { writeStream } from "../http/write-stream.ts";
import type { RuleOutcome } from "../script.ts";
import { scriptedAnswer } from "../scripted-answer.ts";
import { toChatChunks, toChatCompletion, type ChatFrame } from "./chat-answer.ts";
import { ChatError, readChatRequest } from "./chat-request.ts";
import { composeChat } from "./compose-chat.ts";

/** An endpoint that exists, and the model its container serves. */
export interface DeployedEndpoint {
  id: string;
  model: string;
}

type DeployedRoute = Extract<Route, { kind: "deployed-chat" }>;

/** The model a request that names none is answered by, on an endpoint nothing is known about. */
const UNNAMED_MODEL = "emulated-model";

/**
 * Answers one chat completion and returns how many tokens it generated. With `endpoints` undefined every id exists.
 * @throws {GoogleApiError} 404 when the endpoint does not exist. @throws {BodyEnded} when the connection ended first.
 */
export async function deployedChat(
  response: ServerResponse,
  route: DeployedRoute,
  body: unknown,
  endpoints: readonly DeployedEndpoint[] | undefined,
  settings: GenerateSettings,
  { outcome, faults }: { outcome: RuleOutcome | undefined; faults: FaultPlan },
): Promise<number> {
  const served = findEndpoint(route, endpoints);
  try {
    const request = readChatRequest(body);
    const asked = request["model"];
    const model = typeof asked === "string" && asked !== "" ? asked : served.model;
    const answer = (outcome && scriptedAnswer(outcome, { contents: [] })) ?? composeChat(request, model);
    const id = settings.ids.next();
    const frame: ChatFrame = {
      id: `chatcmpl-${id}`,
      created: Math.floor(settings.now() / 1000),
      model,
      chunkCharacters: settings.chunkCharacters,
      mintCallId: (choice, call) => `chatcmpl-tool-${settings.ids.derive(`${id} ${choice} ${call}`, 32)}`,
    };
    if (request["stream"] === true) {
      const chunks = toChatChunks(answer, request, frame);
      await writeStream(response, chunks, {
        sse: true,
        paceMs: settings.paceMs,
        faults,
        newline: "\n",
        closing: "[DONE]",
      });
    } else {
      await sendJson(response, 200, toChatCompletion(answer, frame), faults);
    }
    return answer.candidates.reduce((sum, { tokens }) => sum + tokens.candidates + tokens.thoughts, 0);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    await sendJson(response, error.code, error.toBody(), faults);
    return 0;
  }
}

function findEndpoint(
  route: DeployedRoute,
  endpoints: readonly DeployedEndpoint[] | undefined,
): DeployedEndpoint {
  if (route.endpoint === "openapi") {
    throw new GoogleApiError(
      "UNIMPLEMENTED",
      "The emulator has no chat completions for Gemini: that is what Pollux itself is for.",
    );
  }
  if (endpoints === undefined) return { id: route.endpoint, model: UNNAMED_MODEL };
  const found = endpoints.find((endpoint) => endpoint.id === route.endpoint);
  if (found !== undefined) return found;
  throw new GoogleApiError(
    "NOT_FOUND",
    `The Endpoint \`projects/${route.project}/locations/${route.location}/endpoints/${route.endpoint}\` is not found.`,
  );
}

/** `GET .../endpoints`. */
export function listEndpoints(
  { project, location }: { project: string; location: string },
  endpoints: readonly DeployedEndpoint[] | undefined,
): JsonObject {
  return {
    endpoints: (endpoints ?? []).map(({ id, model }) => ({
      name: `projects/${project}/locations/${location}/endpoints/${id}`,
      displayName: model,
      deployedModels: [
        { id: "1", model: `projects/${project}/locations/${location}/models/${id}`, displayName: model },
      ],
      dedicatedEndpointEnabled: false,
    })),
  };
}
