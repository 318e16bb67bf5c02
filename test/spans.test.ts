/** Spans over real sockets: what a collector gets, and what requests notice of one that is away. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

const ASK = { model: "gemini-3.5-flash", messages: [{ role: "user", content: "Say a canary prompt." }] };
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

interface Batch {
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

const open: (Server | TcpServer)[] = [];
let gateway: RunningGateway | undefined;

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  for (const server of open.splice(0)) server.close();
});

async function portOf(server: Server | TcpServer): Promise<number> {
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("one for each chat request, continued from the caller's, with nothing of its content", async () => {
  const batches: Batch[] = [];
  const port = await portOf(
    createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        batches.push({ url: request.url, headers: request.headers, body });
        response.end("{}");
      });
    }),
  );
  gateway = await startGateway({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_HEADERS: "x-team=tides",
  });
  const upstream = gateway.composed.emulator!;
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  await (await post(gateway, ASK, { headers: { traceparent, tracestate: "a=b" } })).text();
  await (await post(gateway, { ...ASK, stream: true })).text();
  await (await fetch(`${gateway.url}/v1/models`)).text();
  await vi.waitFor(
    () =>
      expect(
        batches
          .map(({ body }) => body)
          .join("")
          .match(/"spanId"/g),
      ).toHaveLength(2),
    10_000,
  );
  const text = batches.map(({ body }) => body).join("");
  expect(batches[0]).toMatchObject({ url: "/v1/traces", headers: { "x-team": "tides" } });
  expect(text).toContain(`"traceId":"${TRACE}"`);
  expect(text).toContain(`"parentSpanId":"${PARENT}"`);
  expect(text).toContain('{"key":"gen_ai.usage.output_tokens","value":{"intValue":"');
  expect(text).not.toContain("canary");
  // Upstreams are not told whose trace it is.
  expect(upstream.requests.map(({ headers }) => headers["traceparent"])).toEqual([undefined, undefined]);
});

describe("F-70 a collector that does not answer", () => {
  const DEAD: [string, () => Promise<number>][] = [
    [
      "is not there",
      async () => {
        const server = createTcpServer();
        const port = await portOf(server);
        server.close();
        return port;
      },
    ],
    ["takes connections and says nothing", () => portOf(createTcpServer(() => {}))],
    ["resets every connection", () => portOf(createTcpServer((socket) => socket.resetAndDestroy()))],
  ];

  test.each(DEAD)(
    "%s: requests do not notice, and what is lost is counted",
    async (_, start) => {
      const port = await start();
      gateway = await startGateway({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/spans` });
      const { url } = gateway;
      const slowest = async (): Promise<number> => {
        let most = 0;
        for (let at = 0; at < 20; at += 1) {
          const begun = performance.now();
          expect((await post({ url }, ASK)).status).toBe(200);
          most = Math.max(most, performance.now() - begun);
        }
        return most;
      };
      // Well under the five seconds that a collector has to answer.
      expect(await slowest()).toBeLessThan(2_000);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      expect(await slowest()).toBeLessThan(2_000);
      const begun = performance.now();
      await vi.waitFor(
        async () => {
          const text = await (await fetch(`${url}/metrics`)).text();
          expect(Number(/^pollux_spans_dropped_total (\d+)/m.exec(text)?.[1])).toBeGreaterThanOrEqual(20);
        },
        { timeout: 20_000, interval: 100 },
      );
      expect(performance.now() - begun).toBeLessThan(20_000);
      const closing = performance.now();
      await gateway.close();
      gateway = undefined;
      expect(performance.now() - closing).toBeLessThan(10_000);
    },
    60_000,
  );
});
