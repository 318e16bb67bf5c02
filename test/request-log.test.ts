/** The log of `pollux serve`: a line for each request, with the fields that its documentation lists. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Metrics } from "../src/observe/metrics.ts";
import { OUTCOMES } from "../src/observe/request-outcome.ts";
import { code, tableUnder } from "./support/markdown.ts";
import { sendRaw, sendText } from "./support/raw-http.ts";
import { post } from "./support/running-gateway.ts";
import { servePollux, type ServedProcess } from "./support/served-process.ts";
import { ROOT } from "./support/shell.ts";

const PAGE = readFileSync(join(ROOT, "docs/observability.md"), "utf8");
const ASK = { model: "gemini-3.5-flash", messages: [{ role: "user", content: "Hello." }] };

type Line = Record<string, unknown>;

function requestsIn(pollux: ServedProcess): Line[] {
  return pollux
    .printed()
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ msg }) => msg === "request");
}

test("every field of a line is documented, and the answer's id finds it", async () => {
  const documented = new Set(
    tableUnder(PAGE, "The log").rows.flatMap(([cell = ""]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    ),
  );
  const pollux = await servePollux({ POLLUX_API_KEYS: "a-key" });
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const keyed = { authorization: "Bearer a-key", traceparent, "x-stainless-retry-count": "1" };
  const answers = [
    await post(pollux, ASK, { headers: keyed }),
    await post(pollux, { ...ASK, stream: true }, { headers: keyed }),
    await post(pollux, ASK, { headers: { ...keyed, "x-emulator-fault": "status=403;message=No" } }),
    await post(pollux, {}, { headers: { authorization: "Bearer no" } }),
    await fetch(`${pollux.url}/nothing`),
  ];
  for (const answer of answers) await answer.text();
  await sendText(pollux.url, "nonsense\r\n\r\n");
  await vi.waitFor(() => expect(requestsIn(pollux)).toHaveLength(answers.length + 1), 10_000);
  const lines = requestsIn(pollux);
  const used = new Set(lines.flatMap((line) => Object.keys(line)));
  expect([...used].filter((field) => !documented.has(field))).toEqual([]);
  // `why` is about media that the gateway reads.
  expect([...documented].filter((field) => field !== "why" && !used.has(field!))).toEqual([]);
  for (const answer of answers) {
    const id = answer.headers.get("x-request-id");
    const outcome = answer.headers.get("x-pollux-outcome") ?? "completed";
    expect(lines.filter((line) => line["request_id"] === id)).toMatchObject([
      { status: answer.status, outcome },
    ]);
  }
  await pollux.stop();
});

test("the documented outcomes and metrics are those there are", () => {
  const named = (heading: string): string[] =>
    tableUnder(PAGE, heading).rows.map(([cell = ""]) => code(cell));
  expect(named("Outcomes")).toEqual(Object.keys(OUTCOMES));
  expect(named("Metrics")).toEqual(new Metrics().described.map(({ name }) => name));
});

test.each([false, true])(
  "S-47 an upstream's projects, addresses and stack are told to the operator alone, by the request's id (streamed: %s)",
  async (stream) => {
    const pollux = await servePollux({ POLLUX_RETRY_BUDGET: "0" });
    const said =
      "Denied on projects/123456789012 for caller@secret-tides.iam.gserviceaccount.com at https://internal.example/x and 10.1.2.3:8000.";
    const answer = await post(
      pollux,
      { ...ASK, stream },
      { headers: { "x-emulator-fault": `status=403;message=${said}` } },
    );
    const told = (await answer.text()) + JSON.stringify([...answer.headers]);
    expect(answer.status).toBe(403);
    expect(told).toContain("Denied on projects/PROJECT for ACCOUNT at URL and ADDRESS.");
    expect(told).not.toMatch(/123456789012|secret-tides|internal\.example|10\.1\.2\.3/);
    await vi.waitFor(() => expect(requestsIn(pollux)).toHaveLength(1), 10_000);
    expect(requestsIn(pollux)).toMatchObject([
      { request_id: answer.headers.get("x-request-id"), upstream_said: said, outcome: "upstream_refused" },
    ]);
    await pollux.stop();
  },
);

test("S-49 line breaks and terminal commands in names make neither lines nor headers", async () => {
  const pollux = await servePollux();
  const forged = '\r\n{"level":60,"msg":"forged"}\r\nx-forged: 1\u001b[2J\u001b]0;owned\u0007\u202e\u2028';
  const bodies = [
    { ...ASK, model: `gemini-3.5-flash${forged}` },
    { ...ASK, model: forged, stream: true },
    { ...ASK, user: forged, metadata: { note: forged }, safety_identifier: forged },
    { ...ASK, model: `a/${forged}` },
  ];
  for (const body of bodies) {
    const answer = await sendRaw(pollux.url, { body: [JSON.stringify(body)] });
    expect(answer.headers).not.toHaveProperty("x-forged");
    for (const value of Object.values(answer.headers)) expect(String(value)).toMatch(/^[\x20-\x7e]*$/);
  }
  await sendRaw(pollux.url, {
    path: `/v1/x${encodeURIComponent(forged)}`,
    headers: { "user-agent": "a\u00a0b" },
  });
  await vi.waitFor(() => expect(requestsIn(pollux)).toHaveLength(bodies.length + 1), 10_000);
  await pollux.stop();
  const printed = pollux.printed();
  for (const command of ["\u001b]", "\u001b[2J", "\u202e", "\u2028"]) expect(printed).not.toContain(command);
  expect(printed).not.toMatch(/^x-forged|^\{"level":60/m);
  expect(requestsIn(pollux)).toHaveLength(bodies.length + 1);
  expect(requestsIn(pollux).every(({ level }) => level === 30 || level === 40)).toBe(true);
});

test("POLLUX_LOG_REQUESTS and POLLUX_LOG_LEVEL say how much is written", async () => {
  for (const [env, outcomes] of [
    [{ POLLUX_LOG_REQUESTS: "errors" }, ["refused.request", "upstream_error"]],
    [{ POLLUX_LOG_LEVEL: "warn" }, ["upstream_error"]],
    [{ POLLUX_LOG_REQUESTS: "off" }, []],
  ] as const) {
    const pollux = await servePollux({ POLLUX_RETRY_BUDGET: "0", ...env });
    await (await post(pollux, ASK)).text();
    await (await post(pollux, {})).text();
    await (await post(pollux, ASK, { headers: { "x-emulator-fault": "status=500" } })).text();
    await pollux.stop();
    expect(requestsIn(pollux).map(({ outcome }) => outcome)).toEqual(outcomes);
  }
});
