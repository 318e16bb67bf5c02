/** One request from first byte to last: fault, route, credential, body, rule, answer, error. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { deployedChat, listEndpoints } from "./deployed/endpoint.ts";
import { applyEarlyFaults } from "./early-faults.ts";
import type { EmulatorOptions, RecordedRequest } from "./emulator-options.ts";
import { FaultSyntaxError, parseFaults, type FaultPlan } from "./faults.ts";
import { generate } from "./generate.ts";
import { GoogleApiError, invalidArgument } from "./google-error.ts";
import { BodyEnded } from "./http/body-writer.ts";
import { BodyTooLarge, readBody } from "./http/read-body.ts";
import { findRoute, type Route } from "./http/route.ts";
import { sendError, sendHtml, sendJson, sendText } from "./http/send.ts";
import { IdSource } from "./id-source.ts";
import { getModel, listModels } from "./models-list.ts";
import { AccessTokens } from "./oauth/access-tokens.ts";
import { authenticate, authenticateBearer, type CredentialRules } from "./oauth/authenticate.ts";
import { askMetadataServer } from "./oauth/metadata-server.ts";
import { OAuthError } from "./oauth/oauth-error.ts";
import { exchangeToken, impersonate, readForm, tokenGrant } from "./oauth/token-endpoints.ts";
import { RequestLog } from "./request-log.ts";
import { RuleBook, type EmulatorRule, type RuleOutcome } from "./script.ts";
import { SignatureSigner } from "./signatures.ts";

const HOUR_SECONDS = 3600;
const MEGABYTE = 1024 * 1024;
/** Vertex's model pages give 500 MB for a request, ai.google.dev/gemini-api/docs/files 100 MB. */
const LARGEST_REQUEST = { vertex: 500 * MEGABYTE, "gemini-api": 100 * MEGABYTE } as const;
const LARGEST_OAUTH_REQUEST = MEGABYTE;

type OAuthRoute = Extract<Route, { kind: "token" | "sts" | "impersonate" | "metadata" }>;

export class EmulatorHandler {
  readonly tokens: AccessTokens;
  readonly rules: RuleBook;
  readonly log: RequestLog;
  /** PEM public keys by `client_email`. */
  readonly serviceAccountKeys: Map<string, string>;
  readonly #options: EmulatorOptions;
  readonly #now: () => number;
  readonly #ids: IdSource;
  readonly #signer: SignatureSigner;

  constructor(options: EmulatorOptions, rules: readonly EmulatorRule[]) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.tokens = new AccessTokens(options.tokenLifetimeSeconds ?? HOUR_SECONDS, this.#now);
    this.rules = new RuleBook(rules);
    this.serviceAccountKeys = new Map(options.serviceAccountKeys);
    this.log = new RequestLog(options.keepRequests ?? 100);
    this.#ids = new IdSource(options.seed);
    // A constant by default: a conversation outlives a restart of the emulator.
    this.#signer = new SignatureSigner(`signatures ${options.seed ?? "emulator"}`);
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = this.log.add(request, this.#now());
    response.once("close", () => {
      if (response.headersSent) record.status = response.statusCode;
      if (!response.writableFinished) record.abandoned = true;
    });
    // Every answer says what it is.
    response.setHeader("server", "pollux-emulator");
    response.setHeader("x-pollux-emulator", "1");
    response.setHeader("vary", "Origin, X-Origin, Referer");
    try {
      await this.#serve(request, response, record);
    } catch (error) {
      // A client that leaves while it sends its request is no fault of this server.
      if (error instanceof BodyEnded || (request.destroyed && !request.complete)) return;
      await this.#answerError(request, response, error).catch(() => response.destroy());
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse, record: RecordedRequest): Promise<void> {
    const url = new URL(request.url ?? "/", "http://emulator");
    const route = findRoute(request.method ?? "GET", url);
    const body = await this.#body(request, route, record);
    const outcome = this.rules.match({
      path: url.pathname,
      headers: request.headers,
      body: body.text,
      ...(route !== "not-found" && "modelId" in route && route.modelId !== undefined
        ? { modelId: route.modelId }
        : {}),
      stream: url.pathname.endsWith(":streamGenerateContent") || /"stream"\s*:\s*true/.test(body.text),
    });
    const faults = this.#faults(request, outcome);
    if (await applyEarlyFaults(response, url, faults, outcome)) return;
    if (route === "not-found") {
      await sendHtml(response, 404, url.pathname);
      return;
    }
    if ("version" in route) authenticate(request, url, route, this.#credentials());
    switch (route.kind) {
      case "generate":
        record.generatedTokens = await generate(response, route, url, jsonOf(body), this.#settings(), {
          outcome,
          faults,
        });
        return;
      case "list-models":
        await sendJson(response, 200, listModels(route.surface, url.searchParams), faults);
        return;
      case "get-model":
        await sendJson(response, 200, getModel(route.surface, route.modelId), faults);
        return;
      case "deployed-chat":
        record.generatedTokens = await deployedChat(
          response,
          route,
          jsonOf(body),
          this.#options.endpoints,
          this.#settings(),
          { outcome, faults },
        );
        return;
      case "list-endpoints":
        await sendJson(response, 200, listEndpoints(route, this.#options.endpoints), faults);
        return;
      default:
        await this.#serveOAuth(request, response, route, body, faults);
    }
  }

  async #serveOAuth(
    request: IncomingMessage,
    response: ServerResponse,
    route: OAuthRoute,
    body: RequestBody,
    faults: FaultPlan,
  ): Promise<void> {
    if (route.kind === "metadata") {
      const flavor = request.headers["metadata-flavor"];
      const answer = askMetadataServer(route.path, [flavor].flat()[0], {
        tokens: this.tokens,
        now: this.#now,
        project: this.#options.project ?? "emulated-project",
      });
      await sendText(response, answer.status, answer.contentType, answer.text, faults, answer.headers);
      return;
    }
    if (route.kind === "impersonate") {
      authenticateBearer(request, this.#credentials());
      await sendJson(response, 200, impersonate(route.email, jsonOf(body), this.tokens), faults);
      return;
    }
    const form = readForm(body.text, request.headers["content-type"]);
    const granted =
      route.kind === "sts"
        ? exchangeToken(form, this.tokens)
        : tokenGrant(form, this.tokens, {
            now: this.#now,
            keys: this.serviceAccountKeys,
            strict: this.#options.requireAuth === "strict",
            host: request.headers.host ?? "",
          });
    await sendJson(response, 200, granted, faults);
  }

  #credentials(): CredentialRules {
    return {
      requireAuth: this.#options.requireAuth ?? "lenient",
      apiKeys: new Set(this.#options.apiKeys),
      tokens: this.tokens,
    };
  }

  #settings() {
    return {
      signer: this.#signer,
      ids: this.#ids,
      now: this.#now,
      paceMs: this.#options.paceMs ?? 5,
      chunkCharacters: this.#options.chunkCharacters ?? 40,
    };
  }

  /** The body as text and parsed, once; the log keeps the parsed form. */
  async #body(
    request: IncomingMessage,
    route: Route | "not-found",
    record: RecordedRequest,
  ): Promise<RequestBody> {
    const text = (await readBody(request, this.#largest(route))).toString("utf8");
    const body = parseBody(text);
    this.log.keepBody(record, "problem" in body ? text : body.value, text.length);
    return { text, ...body };
  }

  #largest(route: Route | "not-found"): number {
    if (route === "not-found" || !("version" in route)) return LARGEST_OAUTH_REQUEST;
    const surface = "surface" in route ? route.surface : "vertex";
    const configured = this.#options.maxRequestBytes;
    const own = surface === "vertex" ? configured?.vertex : configured?.geminiApi;
    return own ?? LARGEST_REQUEST[surface];
  }

  #faults(request: IncomingMessage, outcome: RuleOutcome | undefined): FaultPlan {
    const header = request.headers["x-emulator-fault"];
    const texts = [outcome?.fault ?? "", ...[header ?? ""].flat()];
    const plan = Object.assign({}, ...texts.map(parseFaults)) as FaultPlan;
    return plan.probability !== undefined && this.#ids.chance() >= plan.probability ? {} : plan;
  }

  async #answerError(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof OAuthError) return sendJson(response, error.httpStatus, error.toBody());
    // A stream that was not asked for as SSE is an array, and so is its error.
    const url = request.url ?? "";
    const asArray = url.includes(":streamGenerateContent") && !/[?&]alt=sse(&|$)/.test(url);
    if (error instanceof GoogleApiError) {
      // The token endpoints have an envelope of their own.
      if (/^\/(v1\/)?token(\?|$)/.test(url)) {
        const name = error.code < 500 ? "invalid_grant" : "internal_failure";
        return sendJson(
          response,
          error.code,
          new OAuthError(name, error.message).toBody(),
          {},
          error.headers,
        );
      }
      return sendError(response, error, asArray);
    }
    if (error instanceof BodyTooLarge) {
      response.setHeader("connection", "close");
      return sendError(
        response,
        new GoogleApiError("INVALID_ARGUMENT", "Request payload size exceeds the limit."),
        asArray,
      );
    }
    if (error instanceof FaultSyntaxError) {
      return sendError(response, invalidArgument(`x-emulator-fault: ${error.message}`), asArray);
    }
    process.stderr.write(
      `emulator: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return sendError(response, new GoogleApiError("INTERNAL", "Internal error encountered."), asArray);
  }
}

type ParsedBody = { value: unknown } | { problem: string };
type RequestBody = { text: string } & ParsedBody;

function parseBody(text: string): ParsedBody {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** @throws {GoogleApiError} 400 when the body is not JSON; an absent body is an empty message. */
function jsonOf(body: RequestBody): unknown {
  if ("problem" in body) throw invalidArgument(`Invalid JSON payload received. ${body.problem}`);
  return body.value ?? {};
}
