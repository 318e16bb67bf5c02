/**
 * Answers of servers that are nearly OpenAI's, as they were reported, mended and read by OpenAI's own client.
 * `expected.json` is written by hand; the mended bytes beside it are written by `vitest -u` and read in review.
 */
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GatewayError } from "../src/errors.ts";
import { StreamRepair } from "../src/translate/repair/stream.ts";
import { expectAnswer, readStreamed } from "./support/read-repaired.ts";
import { REPAIR_CASES, repairOptions } from "./support/repair-cases.ts";
import {
  type RepairingServer,
  startRepairingServer,
  streamFrames,
  unaryAnswer,
} from "./support/repairing-server.ts";

let server: RepairingServer;
let client: OpenAI;
beforeAll(async () => {
  server = await startRepairingServer();
  client = new OpenAI({ apiKey: "any", baseURL: `${server.url}/v1`, maxRetries: 0 });
});
afterAll(() => server.close());

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The words for what was mended; a case that ends in an error may have none. */
function repairsOf(given: (typeof REPAIR_CASES)[number]): readonly string[] {
  if (!given.streamed) return unaryAnswer(given).repairs;
  const repair = new StreamRepair(repairOptions(given));
  const events = given.upstream.toString("utf8").split("\n\n");
  const last = events.pop() ?? "";
  for (const event of events) repair.push(event.replaceAll(/^data: /gm, ""));
  repair.end(last.replace(/^data: /, ""));
  return repair.repairs;
}

const answered = REPAIR_CASES.filter(({ expected }) => expected.error === undefined);
const refused = REPAIR_CASES.filter(({ expected }) => expected.error !== undefined);

describe.each(REPAIR_CASES)("$name", (given) => {
  test("says where it comes from", () => {
    expect(given.about.length).toBeGreaterThan(50);
  });

  test("mended bytes", async () => {
    if (given.streamed) {
      const sse = [...streamFrames(given)].join("");
      await expect(sse.replaceAll(/^data: (.*)\n\n/gm, "$1\n")).toMatchFileSnapshot(
        given.file("repaired-stream.jsonl"),
      );
      return;
    }
    try {
      await expect(pretty(unaryAnswer(given).value)).toMatchFileSnapshot(given.file("repaired.json"));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      await expect(pretty({ failure: error.failure, message: error.message })).toMatchFileSnapshot(
        given.file("error.json"),
      );
    }
  });
});

describe.each(answered)("$name", (given) => {
  test("OpenAI's client reads it", async () => {
    const request = { model: given.name, messages: [{ role: "user" as const, content: "Go." }] };
    if (given.streamed) {
      expectAnswer(await readStreamed(client, client.chat.completions, given.name), given.expected);
    } else {
      expectAnswer(await client.chat.completions.create(request), given.expected);
    }
  });

  test("what was mended is told", async () => {
    const repairs = repairsOf(given);
    expect(repairs.length === 0).toBe(given.expected.isSame === true);
    await expect(pretty(repairs)).toMatchFileSnapshot(given.file("repairs.json"));
    for (const repair of repairs) expect(repair).toMatch(/^[\x21-\x7e][\x20-\x7e]*$/);
    expect(repairs.join("")).not.toMatch(/[,;]/);
  });
});

/** What this client forgives, and others do not: strict readers, or openai-python's stream helper. */
const FORGIVEN = new Set([
  "call-named-in-every-delta",
  "gemini-text-signature-stays",
  "last-event-without-its-blank-line",
  "tgi-no-done",
]);

describe.each(answered.filter(({ expected }) => expected.isSame !== true))(
  "$name",
  ({ name, streamed, expected }) => {
    test("without repair the same client misreads it", async () => {
      const raw = new OpenAI({ apiKey: "any", baseURL: `${server.url}/raw`, maxRetries: 0 });
      const misread = await (async () => {
        const completion = streamed
          ? await readStreamed(raw, raw.chat.completions, name)
          : await raw.chat.completions.create({ model: name, messages: [] });
        expectAnswer(completion, expected);
      })().then(
        () => false,
        () => true,
      );
      expect(misread).toBe(!FORGIVEN.has(name));
    });
  },
);

describe.each(answered.filter(({ expected }) => expected.isSame === true))("$name", (given) => {
  test("comes through as it is", () => {
    const text = given.upstream.toString("utf8");
    if (given.streamed) expect([...streamFrames(given)].join("")).toBe(text);
    else expect(unaryAnswer(given).value).toEqual(JSON.parse(text));
  });
});

describe.each(refused)("$name", (given) => {
  test("OpenAI's client throws it", async () => {
    const { error, text } = given.expected;
    if (given.streamed) {
      let read = "";
      const stream = await client.chat.completions.create({ model: given.name, messages: [], stream: true });
      const failure = await (async () => {
        for await (const chunk of stream) read += chunk.choices[0]?.delta.content ?? "";
      })().catch((thrown: unknown) => thrown);
      expect(failure).toBeInstanceOf(APIError);
      expect(failure).toMatchObject({ code: error?.code });
      expect((failure as APIError).message).toContain(error?.message);
      expect(read).toBe(text);
      return;
    }
    const failure = await client.chat.completions
      .create({ model: given.name, messages: [] })
      .catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ status: error?.status, code: error?.code });
    expect((failure as APIError).message).toContain(error?.message);
  });

  test("with the status it stands for", () => {
    const fail = (): unknown => {
      if (!given.streamed) return unaryAnswer(given);
      return repairsOf(given);
    };
    expect(fail).toThrow(GatewayError);
    try {
      fail();
    } catch (thrown) {
      expect(thrown).toMatchObject({ failure: { status: given.expected.error?.status } });
    }
  });
});

test("there are cases", () => {
  expect(answered.length).toBeGreaterThan(30);
  expect(refused.length).toBeGreaterThan(8);
});
