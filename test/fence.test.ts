/**
 * No request leaves its residency fence, whatever the configuration, the path and the faults: gateways of random
 * configurations over a transport that writes down where it was sent.
 */
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { configSchema, type ConfigInput } from "../src/config/schema.ts";
import { connectUpstream } from "../src/connect-upstream.ts";
import { chatCompletions } from "../src/gateway/chat-completions.ts";
import type { ConnectedUpstream } from "../src/gateway/connected-upstream.ts";
import { endpointPassThrough } from "../src/gateway/endpoint-pass-through.ts";
import type { Gateway } from "../src/gateway/gateway.ts";
import { createRouteTable } from "../src/routing/route-table.ts";
import { Router } from "../src/routing/router.ts";
import { GatewayError } from "../src/errors.ts";
import type { UpstreamClient, UpstreamReceiver } from "../src/upstreams/upstream.ts";
import { callWith, RecordedReply, scriptedGateway } from "./support/scripted-upstream.ts";

// Waits before a repeat cost the test nothing.
vi.mock("node:timers/promises", () => ({ setTimeout: () => Promise.resolve() }));

const LOCATIONS = ["eu", "us", "global", "europe-west1", "us-central1"] as const;
const credentials = { kind: "token", token: "a-token" } as const;
const API_KEYS: string[] = ["a-key"];
const allowedProjects = ["*"];

type Upstreams = NonNullable<ConfigInput["upstreams"]>;
type Routes = NonNullable<ConfigInput["routes"]>;
type RouteFields = Omit<Routes[number], "match">;

const location = fc.constantFrom(...LOCATIONS);
const upstream = fc.oneof(
  location.map((at) => ({
    kind: "vertex" as const,
    project: "p",
    location: at,
    credentials,
    allowedProjects,
  })),
  fc.constant({ kind: "vertex" as const, apiKey: "a-key", allowedProjects }),
  fc.constant({ kind: "gemini-api" as const, apiKeys: API_KEYS, allowedProjects }),
  location.map((at) => ({ kind: "vertex-openapi" as const, project: "p", location: at, credentials })),
  location.map((at) => ({
    kind: "vertex-endpoint" as const,
    project: "p",
    location: at,
    endpoint: "123",
    credentials,
  })),
);

const fence = fc.option(fc.uniqueArray(location, { minLength: 1, maxLength: 2 }), { nil: undefined });

function route(upstreams: Upstreams): fc.Arbitrary<RouteFields> {
  const target = fc
    .record({
      upstream: fc.constantFrom(...Object.keys(upstreams)),
      at: fc.option(location, { nil: undefined }),
      priority: fc.integer({ min: 1, max: 2 }),
    })
    .map(({ upstream: name, at, priority }) => {
      const { kind } = upstreams[name] as { kind: string };
      const moves = kind === "vertex" || kind === "vertex-openapi";
      return {
        upstream: name,
        model: "gemini-2.5-flash",
        priority,
        ...(moves && at !== undefined ? { location: at } : {}),
      };
    });
  return fc.record({
    targets: fc.array(target, { minLength: 1, maxLength: 3 }),
    choose: fc.constantFrom("weighted" as const, "latency" as const),
    sticky: fc.constantFrom("off" as const, "conversation" as const),
    locations: fence,
  });
}

const configuration = fc
  .array(upstream, { minLength: 1, maxLength: 4 })
  .map((list): Upstreams => Object.fromEntries(list.map((each, index) => [`u${index}`, each])))
  .chain((upstreams) =>
    fc.record({
      upstreams: fc.constant(upstreams),
      models: fc.record({
        mine: route(upstreams),
        // Another name for a model; the routes below place and fence it.
        other: fc.constantFrom("google/gemini-2.5-flash", "u0/gemini-2.5-flash"),
      }),
      routes: fc.array(
        fc
          .tuple(
            fc.constantFrom("*", "google/gemini-*", "gemini-2.5-*", "endpoints/*", "mine"),
            route(upstreams),
          )
          .map(([match, fields]) => ({ match, ...fields })),
        { maxLength: 2 },
      ),
    }),
  );

const request = fc.record({
  model: fc.constantFrom(
    "mine",
    "other",
    "gemini-2.5-flash",
    "google/gemini-2.5-flash",
    "models/gemini-2.5-flash",
    "publishers/google/models/gemini-2.5-flash",
    "projects/p/locations/us/publishers/google/models/gemini-2.5-flash",
    "u0/gemini-2.5-flash",
    "u0/google/gemini-2.5-flash",
  ),
  path: fc.oneof(
    fc.constant({ kind: "chat" as const }),
    location.map((at) => ({ kind: "vertex" as const, location: at })),
    location.map((at) => ({ kind: "endpoint" as const, location: at })),
  ),
  stream: fc.boolean(),
});

type Answer = "ok" | "error-in-stream" | "refused" | 401 | 404 | 429 | 500 | 503;
const answers = fc.infiniteStream(
  fc.constantFrom<Answer>("ok", "error-in-stream", "refused", 401, 404, 429, 500, 503, 503),
);

/** The fences of a request, found the long way round: a direct address has that of the model it names as well. */
function fencesOf(
  { models, routes }: typeof configuration extends fc.Arbitrary<infer T> ? T : never,
  asked: string,
): (readonly string[] | undefined)[] {
  if (asked === "mine") return [models.mine.locations];
  const model = asked === "other" ? models.other : asked;
  const names = model.startsWith("u0/") ? [model, model.slice(3)] : [model];
  return names.map((name) => {
    const matching = routes.find(({ match }) => {
      if (match === "*") return true;
      if (match === "endpoints/*") return name.startsWith("endpoints/");
      return match.includes("gemini") && name.includes("gemini") && !name.startsWith("u0/");
    });
    return matching?.locations;
  });
}

/** Where Google processes what is sent to an address; undefined where nobody can tell. */
function placeOf(origin: string, path: string): string | undefined {
  if (new URL(origin).host.startsWith("generativelanguage.")) return undefined;
  return /\/locations\/([^/]+)\//.exec(path)?.[1] ?? "global";
}

function answer(receiver: UpstreamReceiver, what: Answer, streamed: boolean): void {
  if (what === "refused") {
    const refused = {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "upstream_unreachable",
      param: null,
    } as const;
    receiver.onError(new GatewayError(refused, "refused"));
    return;
  }
  receiver.onHead(typeof what === "number" ? what : 200, {});
  const good = {
    candidates: [{ content: { role: "model", parts: [{ text: "Hello." }] }, finishReason: "STOP" }],
  };
  const failed = { error: { code: typeof what === "number" ? what : 429, message: "No." } };
  const body = JSON.stringify(what === "ok" ? good : failed);
  receiver.onData(Buffer.from(streamed && typeof what !== "number" ? `data: ${body}\n\n` : body));
  receiver.onEnd();
}

test("no request leaves its fence", async () => {
  const counts = { calls: 0, fenced: 0, answered: 0, shut: 0, elsewhere: 0 };
  await fc.assert(
    fc.asyncProperty(
      configuration,
      fc.array(request, { minLength: 4, maxLength: 12 }),
      answers,
      async (given, requests, stream) => {
        const config = configSchema.parse(given);
        let places: (string | undefined)[] = [];
        const client: UpstreamClient = {
          send({ origin, path }, receiver) {
            places.push(placeOf(origin, path));
            const what = stream.next().value as Answer;
            queueMicrotask(() => answer(receiver, what, path.includes("alt=sse")));
            return { abort() {}, pause() {}, resume() {} };
          },
          close: () => Promise.resolve(),
        };
        const upstreams = new Map<string, ConnectedUpstream>();
        for (const [name, each] of Object.entries(config.upstreams)) {
          upstreams.set(name, (await connectUpstream(name, each, { client })).upstream);
        }
        let now = 0;
        const gateway: Gateway & { bugs: unknown[] } = scriptedGateway({
          upstreams,
          routes: createRouteTable(config),
          router: new Router({ now: () => (now += 1_000), random: () => 0.4, retryBudgetRatio: 1 }),
        });
        for (const { model, path, stream: streamed } of requests) {
          places = [];
          const reply = new RecordedReply();
          const asked = path.kind === "endpoint" ? "endpoints/123" : model;
          const call = callWith({ model, stream: streamed, messages: [{ role: "user", content: "Hello?" }] });
          if (path.kind === "endpoint") {
            const scope = { project: "p", location: path.location };
            await endpointPassThrough(gateway, call, reply, {
              kind: "endpoint",
              endpointId: "123",
              version: "v1",
              scope,
            });
          } else {
            const scope = path.kind === "chat" ? undefined : { project: "p", location: path.location };
            await chatCompletions(gateway, call, reply, scope);
          }
          const fences = fencesOf(given, asked).filter((each) => each !== undefined);
          counts.calls += places.length;
          if (fences.length === 0) continue;
          counts.fenced += 1;
          if (reply.status === 200) counts.answered += 1;
          if (reply.status === 403) counts.shut += 1;
          if (places.length > 1) counts.elsewhere += 1;
          for (const allowed of fences) for (const place of places) expect(allowed).toContain(place);
          if (places.length === 0) expect(reply.status).toBeGreaterThanOrEqual(400);
        }
        expect(gateway.bugs).toEqual([]);
      },
    ),
    { numRuns: 800 },
  );
  // All of it has happened, so that the silence above means something.
  console.log(JSON.stringify(counts));
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(20);
});
