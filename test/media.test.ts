/** URLs of media in requests: which may be read, by whom, and what comes of it. Over real sockets. */
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { INTERNET, type Network } from "../src/media/fetch-media.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { recordingUpstream } from "./support/recording-upstream.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";
import { spellingsOfV4 } from "./support/address-spellings.ts";

const MODEL = "google/gemini-2.5-flash";
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const WAV = Buffer.from(
  "524946462400000057415645666d74201000000001000100401f0000803e0000020010006461746100000000",
  "hex",
);
const PDF = Buffer.from("%PDF-1.4\n%%EOF\n");

/** This machine's own address stands for the internet, under names that are no other's. */
const NETWORK: Network = {
  resolve: (hostname) =>
    Promise.resolve(
      hostname.endsWith(".example") && !hostname.startsWith("inside.")
        ? [{ address: "127.0.0.1", family: 4 }]
        : [{ address: "10.0.0.1", family: 4 }],
    ),
  isPublic: (address) => address === "127.0.0.1" || INTERNET.isPublic(address),
};

async function files(handler?: RequestListener): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (handler !== undefined) handler(request, response);
    else if (request.url === "/sound") response.end(WAV);
    else if (request.url === "/paper") response.end(PDF);
    else if (request.url === "/page") response.end("<html>");
    else if (request.url === "/gone") response.writeHead(404).end();
    else if (request.url === "/away") response.writeHead(302, { location: "/" }).end();
    else response.end(PNG);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

async function proxying(port: number, more = ""): Promise<RunningGateway> {
  const gateway = await gatewayFrom(
    `media: { fetch: proxy, ports: [80, 443, ${port}]${more} }\nupstreams: { emulator: { kind: emulator } }`,
    {},
    { network: NETWORK },
  );
  onTestFinished(() => expect(gateway.bugs).toEqual([]));
  return gateway;
}

const says = (...content: object[]): object => ({ model: MODEL, messages: [{ role: "user", content }] });
const picture = (url: string): object => says({ type: "image_url", image_url: { url } });
const sent = (gateway: RunningGateway): string =>
  JSON.stringify(gateway.composed.emulator!.requests.at(-1)?.body);

const inline = (mimeType: string, bytes: Buffer): string =>
  JSON.stringify({ mimeType, data: bytes.toString("base64") }).slice(1, -1);

const guarded = (more = ""): string =>
  `server: { apiKeys: [right] }\n${more}\nupstreams: { emulator: { kind: emulator } }`;

interface Refusal {
  error: { message: string; code: string | null; param: string | null; type: string };
}

async function refusal(response: Response): Promise<Refusal["error"]> {
  expect(response.status).toBe(400);
  return ((await response.json()) as Refusal).error;
}

describe("media.fetch: proxy", () => {
  test("every place where a URL may stand", async () => {
    const { port, asked } = await files();
    const gateway = await proxying(port);
    const at = (path: string): string => `http://files.example:${port}/${path}`;
    const response = await post(gateway, {
      model: MODEL,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: at("not-media") },
            { type: "image_url", image_url: { url: at("a.jpg") } },
            { type: "image_url", image_url: at("b") },
            { type: "input_audio", input_audio: { data: at("sound"), format: "wav" } },
            { type: "file", file: { file_data: at("paper"), filename: "paper.pdf" } },
          ],
        },
        {
          role: "assistant",
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        {
          role: "tool",
          tool_call_id: "c",
          content: [{ type: "image_url", image_url: { url: at("a.jpg") } }],
          extra_content: {
            google: { parts: [{ fileData: { fileUri: at("d.png"), mimeType: "image/webp" } }] },
          },
        },
      ],
      tools: [{ type: "function", function: { name: "f" } }],
    });
    expect([response.status, response.headers.get("x-pollux-notes")]).toEqual([
      200,
      expect.stringContaining("approximated: messages[0].content[1].image_url.url") as string,
    ]);
    // Each once, however often it is named.
    expect(asked.toSorted()).toEqual(["/a.jpg", "/b", "/d.png", "/paper", "/sound"]);
    const body = sent(gateway);
    expect(body.split(inline("image/png", PNG))).toHaveLength(5);
    expect(body).toContain(inline("audio/wav", WAV));
    expect(body).toContain(inline("application/pdf", PDF));
    expect(body).not.toContain("fileUri");
    expect(body.match(/http:/g)).toHaveLength(1);
  });

  test("what only Google can read is left to Google", async () => {
    const { port } = await files();
    const gateway = await proxying(port);
    const response = await post(
      gateway,
      says(
        { type: "video_url", video_url: { url: "https://www.youtube.com/watch?v=x" } },
        { type: "image_url", image_url: { url: "gs://bucket/a.png" } },
      ),
    );
    expect(response.status).toBe(200);
    expect(sent(gateway)).toContain('"fileUri":"https://www.youtube.com/watch?v=x"');
    expect(sent(gateway)).toContain('"fileUri":"gs://bucket/a.png"');
  });

  test("one answer for everything that goes wrong, and nothing reaches Google", async () => {
    const { port } = await files((request, response) => {
      if (request.url === "/gone") response.writeHead(404).end();
      else if (request.url === "/page") response.end("<html>");
      else if (request.url === "/away") response.writeHead(302, { location: "/" }).end();
      // Anything else is never answered.
    });
    const gateway = await proxying(port, ", firstByteMs: 300");
    const before = gateway.composed.emulator!.requestCount;
    const words = new Set<string>();
    for (const url of [
      `http://files.example:${port}/gone`,
      `http://files.example:${port}/page`,
      `http://files.example:${port}/away`,
      `http://files.example:${port}/silent`,
      `http://files.example:1/closed-port`,
      `http://inside.example:${port}/`,
      "http://no-such-name.invalid/",
      "http://localhost/",
      "http://169.254.169.254/computeMetadata/v1/",
      `http://user:password@files.example:${port}/`,
    ]) {
      const response = await post(gateway, picture(url));
      const error = await refusal(response);
      expect(error).toMatchObject({
        type: "invalid_request_error",
        code: "media_not_read",
        param: "messages[0].content[0].image_url.url",
      });
      const id = response.headers.get("x-request-id") ?? "-";
      expect(error.message).toContain(id);
      words.add(error.message.replace(id, "(id)"));
    }
    expect(words.size).toBe(1);
    expect(gateway.composed.emulator!.requestCount).toBe(before);
  });

  test("S-18 this machine by any name: not one packet", async () => {
    const heard = vi.fn();
    const listener = createTcpServer(heard);
    await new Promise<void>((listening) => listener.listen(0, "0.0.0.0", listening));
    onTestFinished(() => void listener.close());
    const { port } = listener.address() as AddressInfo;
    const gateway = await gatewayFrom(
      `media: { fetch: proxy, ports: [${port}], connectMs: 300 }\nupstreams: { emulator: { kind: emulator } }`,
    );
    for (const host of [
      ...spellingsOfV4("127.0.0.1"),
      ...spellingsOfV4("0.0.0.0"),
      "localhost",
      "[::1]",
      "[::]",
    ]) {
      const error = await refusal(await post(gateway, picture(`http://${host}:${port}/x.png`)));
      expect([host, error.param]).toEqual([host, "messages[0].content[0].image_url.url"]);
    }
    expect(heard).not.toHaveBeenCalled();
    expect(gateway.composed.emulator!.requestCount).toBe(0);
  });

  test("more URLs than are read for one request", async () => {
    const { port, asked } = await files();
    const gateway = await proxying(port, ", maxFiles: 2");
    const parts = [0, 1, 2].map((index) => ({
      type: "image_url",
      image_url: { url: `http://files.example:${port}/${index}` },
    }));
    expect((await refusal(await post(gateway, says(...parts)))).message).toContain("at most 2 URLs");
    expect(asked).toEqual([]);
  });

  test("S-22 all files of all requests share the memory for bodies", async () => {
    const { port } = await files((request, response) => {
      response.write(Buffer.concat([PNG, Buffer.alloc(600_000)]));
      if (request.url !== "/held") response.end();
    });
    const gateway = await gatewayFrom(
      `media: { fetch: proxy, ports: [${port}] }
limits: { maxBodyBytesInFlight: 1500000, shed: { largeBodyBytes: 1024 } }
upstreams: { emulator: { kind: emulator } }`,
      {},
      { network: NETWORK },
    );
    const client = new AbortController();
    const held = fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(picture(`http://files.example:${port}/held`)),
      signal: client.signal,
    }).catch((error: unknown) => error);
    const { admission } = gateway.composed;
    await vi.waitFor(() => expect(admission.bodyBytes).toBeGreaterThan(1_200_000));
    const refused = await post(gateway, picture(`http://files.example:${port}/more`));
    expect([refused.status, await refused.json()]).toEqual([
      503,
      expect.objectContaining({ error: expect.objectContaining({ code: "body_memory_limit" }) as object }),
    ]);
    client.abort();
    await held;
    await vi.waitFor(() => expect(admission.bodyBytes).toBe(0));
    const answered = await post(gateway, picture(`http://files.example:${port}/more`));
    expect(answered.status).toBe(200);
    await answered.text();
    await vi.waitFor(() => expect(admission.bodyBytes).toBe(0));
    expect(gateway.bugs).toEqual([]);
  });

  test("a client that leaves takes its files with it", async () => {
    const closed = vi.fn();
    const { port, asked } = await files((_, response) => response.on("close", closed));
    const gateway = await gatewayFrom(
      `media: { fetch: proxy, ports: [${port}] }\nupstreams: { emulator: { kind: emulator } }`,
      {},
      { network: NETWORK },
    );
    const client = new AbortController();
    const asking = fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(picture(`http://files.example:${port}/a.png`)),
      signal: client.signal,
    });
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    client.abort();
    await expect(asking).rejects.toThrow("aborted");
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
    expect(gateway.composed.emulator!.requestCount).toBe(0);
    expect(gateway.bugs).toEqual([]);
  });

  test("explain reads nothing, and says what would be read", async () => {
    const { port, asked } = await files();
    const gateway = await proxying(port);
    const url = `http://files.example:${port}/a.png`;
    const response = await post(gateway, picture(url), { headers: { "x-pollux-explain": "1" } });
    const { notes } = (await response.json()) as { notes: { rule: string; field: string }[] };
    expect(notes).toContainEqual(
      expect.objectContaining({ rule: "part-media-read", field: "messages[0].content[0].image_url.url" }),
    );
    expect(asked).toEqual([]);
  });

  test("an upstream that speaks OpenAI's API gets the bytes, and nothing else is changed", async () => {
    const { port } = await files();
    const upstream = await recordingUpstream(() => ({ pieces: ['{"object":"chat.completion"}'] }));
    const gateway = await gatewayFrom(
      `media: { fetch: proxy, ports: [${port}] }
upstreams: { vllm: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", models: [m] } }`,
      {},
      { network: NETWORK },
    );
    const plain =
      '{"model":"m","big":12345678901234567890,"messages":[{"role":"user","content":"http://a.example/"}]}';
    await post(gateway, plain);
    expect(upstream.calls[0]?.body.toString()).toBe(plain);
    const content = [
      { type: "text", text: `http://files.example:${port}/` },
      { type: "image_url", image_url: { url: `http://files.example:${port}/a.png`, detail: "low" } },
      { type: "input_audio", input_audio: { data: `http://files.example:${port}/sound`, format: "wav" } },
    ];
    const response = await post(gateway, {
      model: "m",
      messages: [{ role: "user", content }],
      temperature: 0.5,
    });
    expect(response.status).toBe(200);
    expect(JSON.parse(upstream.calls[1]?.body.toString() ?? "")).toEqual({
      model: "m",
      messages: [
        {
          role: "user",
          content: [
            content[0],
            {
              type: "image_url",
              image_url: { url: `data:image/png;base64,${PNG.toString("base64")}`, detail: "low" },
            },
            { type: "input_audio", input_audio: { data: WAV.toString("base64"), format: "wav" } },
          ],
        },
      ],
      temperature: 0.5,
    });
    const refused = { type: "image_url", image_url: { url: "http://127.0.0.2/" } };
    const error = await refusal(
      await post(gateway, { model: "m", messages: [{ role: "user", content: [refused] }] }),
    );
    expect(error.code).toBe("media_not_read");
    expect(upstream.calls).toHaveLength(2);
  });
});

describe("S-23 buckets", () => {
  const RIGHT = { headers: { authorization: "Bearer right" } };

  test("S-23 with access keys, only those that are listed", async () => {
    const gateway = await gatewayFrom(guarded("media: { buckets: [mine, my.other_one] }"));
    for (const url of ["gs://mine/a.png", "gs://my.other_one/a/b.png"]) {
      expect((await post(gateway, picture(url), RIGHT)).status).toBe(200);
    }
    const before = gateway.composed.emulator!.requestCount;
    for (const url of [
      "gs://yours/a.png",
      "gs://mine-too/a.png",
      "gs://mine@yours/a.png",
      "gs://yours/mine/a.png",
      "gs://mine\\yours/a.png",
      "gs://mine%2f..%2fyours/a.png",
      "gs://MINE/a.png",
      "GS://yours/a.png",
      "gs://yours#mine/a.png",
      "gs:///mine/a.png",
      "gs://mine:80/a.png",
      " gs://yours/a.png",
      "gs://ｍine/a.png",
    ]) {
      const error = await refusal(await post(gateway, picture(url), RIGHT));
      expect([url, error.param]).toEqual([url, "messages[0].content[0].image_url.url"]);
    }
    expect(gateway.composed.emulator!.requestCount).toBe(before);
  });

  test("S-23 wherever one may be named", async () => {
    const gateway = await gatewayFrom(guarded());
    const url = "gs://yours/a.png";
    const calls = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
    const result = (message: object): object => ({
      model: MODEL,
      messages: [
        { role: "user", content: "x" },
        { role: "assistant", tool_calls: [calls] },
        { role: "tool", tool_call_id: "c", content: "y", ...message },
      ],
    });
    for (const body of [
      picture(url),
      says({ type: "image_url", image_url: url }),
      says({ type: "video_url", video_url: { url } }),
      says({ type: "input_audio", input_audio: { data: url, format: "wav" } }),
      says({ type: "file", file: { file_data: url } }),
      says({ type: "file", file: { file_id: url } }),
      result({ content: [{ type: "image_url", image_url: { url } }] }),
      result({
        extra_content: { google: { parts: [{ fileData: { fileUri: url, mimeType: "image/png" } }] } },
      }),
      result({
        extra_content: { google: { parts: [{ file_data: { file_uri: url, mime_type: "image/png" } }] } },
      }),
    ]) {
      const error = await refusal(await post(gateway, body, RIGHT));
      expect(error.code).toBe("media_not_allowed");
      expect(error.message).toContain("media.buckets");
    }
    expect(gateway.composed.emulator!.requestCount).toBe(0);
  });

  test("S-23 Google's own compatibility layer reads them with the same rights", async () => {
    const upstream = await recordingUpstream(() => ({ pieces: ['{"object":"chat.completion"}'] }));
    const gateway = await gatewayFrom(
      `server: { apiKeys: [right] }
upstreams: { partner: { kind: vertex-openapi, project: p-1, baseUrl: "${upstream.url}", models: [m], credentials: { kind: token, token: t } } }`,
    );
    const body = {
      model: "m",
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "gs://yours/a.png" } }] }],
    };
    const error = await refusal(await post(gateway, body, RIGHT));
    expect(error).toMatchObject({ code: "media_not_allowed", param: "messages[0].content[0].image_url.url" });
    expect(upstream.calls).toEqual([]);
  });

  test.each([
    ["all, once the list says so", guarded("media: { buckets: ['*'] }"), 200],
    ["none, with an empty list, even where no key is asked for", "media: { buckets: [] }", 400],
    ["none, with access keys and no list", guarded(), 400],
  ])("S-23 %s", async (_, yaml, status) => {
    const gateway = await gatewayFrom(
      yaml.includes("upstreams") ? yaml : `${yaml}\nupstreams: { emulator: { kind: emulator } }`,
    );
    expect((await post(gateway, picture("gs://any-bucket/a.png"), RIGHT)).status).toBe(status);
  });

  test("S-23 all where the gateway is its caller's own", async () => {
    const gateway = await startGateway();
    expect((await post(gateway, picture("gs://any-bucket/a.png"))).status).toBe(200);
    await gateway.close();
  });
});

test("a list of hosts holds for what Google is to read, too", async () => {
  const gateway = await gatewayFrom(
    "media: { hosts: [cdn.example.com, '*.images.example'] }\nupstreams: { emulator: { kind: emulator } }",
  );
  for (const url of ["https://cdn.example.com/a.png", "https://a.images.example/b.png?c=@d"]) {
    expect((await post(gateway, picture(url))).status).toBe(200);
    expect(sent(gateway)).toContain(JSON.stringify(url));
  }
  const before = gateway.composed.emulator!.requestCount;
  for (const url of [
    "https://other.example/a.png",
    "https://cdn.example.com@other.example/a.png",
    "https://cdn.example.com:80@other.example/a.png",
    "https://cdn.example.com.other.example/a.png",
    "https://images.example/a.png",
    "https://ｃdn.example.com/a.png",
    "https://cdn%2eexample.com/a.png",
    "https:cdn.example.com/a.png",
    "https:///cdn.example.com/a.png",
  ]) {
    const error = await refusal(await post(gateway, picture(url)));
    expect([url, error.code]).toEqual([url, "media_not_allowed"]);
  }
  expect(gateway.composed.emulator!.requestCount).toBe(before);
});
