/** One connection and several requests on it, targets that are no paths, methods that few clients use. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sendText } from "./support/raw-http.ts";
import { startGateway, type RunningGateway } from "./support/running-gateway.ts";

const ASK = { model: "google/gemini-3.5-flash", messages: [{ role: "user", content: "Repeat after me: ü" }] };

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ POLLUX_MAX_BODY_BYTES: "5000" });
});

beforeEach(() => gateway.composed.emulator!.clearRules());

afterAll(async () => {
  await gateway.close();
  expect(gateway.bugs).toEqual([]);
});

function post(body: unknown, last = false, headers = ""): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (
    "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
    `${headers}${last ? "Connection: close\r\n" : ""}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}

const get = (target: string, method = "GET"): string =>
  `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

interface Answer {
  status: number;
  headers: string;
  body: string;
}

/** The answers of one connection, taken apart by their own framing. */
function answersIn(text: string, withoutBody = false): Answer[] {
  const answers: Answer[] = [];
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    const end = bytes.indexOf("\r\n\r\n");
    const headers = bytes.subarray(0, end).toString().toLowerCase();
    const status = Number(/^http\/1\.1 (\d+)/.exec(headers)![1]);
    let rest = bytes.subarray(end + 4);
    let body = "";
    const length = Number(/\r\ncontent-length: (\d+)/.exec(headers)?.[1] ?? 0);
    if (headers.includes("transfer-encoding: chunked")) {
      for (;;) {
        const line = rest.indexOf("\r\n");
        const size = Number.parseInt(rest.subarray(0, line).toString(), 16);
        body += rest.subarray(line + 2, line + 2 + size).toString();
        rest = rest.subarray(line + 4 + size);
        if (size === 0) break;
      }
    } else if (!withoutBody) {
      body = rest.subarray(0, length).toString();
      rest = rest.subarray(length);
    }
    answers.push({ status, headers, body });
    bytes = rest;
  }
  return answers;
}

describe("several requests on one connection", () => {
  test("F-10 sent at once, they are answered in their order, whatever takes longest", async () => {
    const slow = post({ ...ASK, stream: true }, false, "x-emulator-fault: delay=100\r\n");
    const all = slow + post(ASK) + post("{") + get("/healthz");
    const answers = answersIn(await sendText(gateway.url, Buffer.from(all).toString("latin1")));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 200]);
    expect(answers[0]!.headers).toContain("text/event-stream");
    expect(answers[0]!.body.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(JSON.parse(answers[1]!.body)).toMatchObject({ object: "chat.completion" });
    expect(answers[3]!.body).toBe('{"status":"ok"}');
  });

  test.each([
    ["a refused body", post("[]"), 400],
    ["a body of another type", post("{}").replace("application/json", "text/plain"), 415],
    ["an unknown path", get("/nowhere").replace("Connection: close\r\n", ""), 404],
    ["another method", post("{}").replace("POST", "PUT"), 405],
    ["an upstream that failed", post(ASK, false, "x-emulator-fault: status=503\r\n"), 503],
  ])("after %s the connection serves the next", async (_, refused, status) => {
    const answers = answersIn(
      await sendText(gateway.url, Buffer.from(refused + post(ASK, true)).toString("latin1")),
    );
    expect(answers.map((answer) => answer.status)).toEqual([status, 200]);
    expect(JSON.parse(answers[0]!.body)).toHaveProperty("error.message");
  });

  test("F-08 after a body over the limit it is closed", async () => {
    const text = post("x".repeat(6_000)) + post(ASK, true);
    const answers = answersIn(await sendText(gateway.url, Buffer.from(text).toString("latin1")));
    expect(answers.map((answer) => answer.status)).toEqual([413]);
    expect(answers[0]!.headers).toContain("connection: close");
  });
});

describe("targets", () => {
  test.each([
    ["//v1/models", 404],
    ["/v1//models", 404],
    ["/v1/models/", 200],
    ["/v1/models/%zz", 400],
    ["/v1/models/%00", 400],
    ["/v1/models/a%2Fb%2Fc", 400],
    ["/v1/models/..%2f..%2fhealthz", 400],
    ["/v1/models/__proto__", 404],
    ["/v1/models/google%2Fgemini-3.5-flash?x=1", 200],
    [`/v1/models/${"a".repeat(300)}`, 400],
    [`/${"a".repeat(9_000)}`, 404],
    ["/%F0%9F%8E%92", 404],
    ["http://localhost/v1/models", 200],
    ["http://localhost", 404],
    ["*", 404],
  ])("%s is %s", async (target, status) => {
    const [answer] = answersIn(await sendText(gateway.url, get(target)));
    expect(answer!.status).toBe(status);
    expect(answer!.headers).toMatch(/\r\nx-request-id: req_\w{24}\r\n/i);
    if (status === 200) return;
    const { error } = JSON.parse(answer!.body) as { error: { message: string } };
    expect(error.message.length).toBeLessThan(500);
    expect(Object.keys(error).toSorted()).toEqual(["code", "message", "param", "type"]);
  });
});

describe("methods", () => {
  test.each([
    ["/v1/models", 200],
    ["/readyz", 200],
    ["/v1/nothing", 404],
    ["/v1/chat/completions", 405],
  ])("HEAD %s is as GET without the body", async (path, status) => {
    const [answer, ...more] = answersIn(await sendText(gateway.url, get(path, "HEAD")), true);
    expect([answer!.status, more]).toEqual([status, []]);
    const [full] = answersIn(await sendText(gateway.url, get(path)));
    expect(full!.status).toBe(status);
  });

  test.each([
    ["/v1/chat/completions", "allow: post"],
    ["/v1/models", "allow: get, head"],
  ])("OPTIONS %s says what is allowed", async (path, allow) => {
    const [answer] = answersIn(await sendText(gateway.url, get(path, "OPTIONS")));
    expect(answer!.status).toBe(405);
    expect(answer!.headers).toContain(allow);
  });
});
