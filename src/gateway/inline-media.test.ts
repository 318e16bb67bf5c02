/** What a request means does not depend on where its media is kept. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { stickyKeyOf } from "../routing/sticky.ts";
import { toGeminiRequest } from "../translate/openai-to-gemini/request.ts";
import type { Surface } from "../translate/target.ts";
import { Base64Text, jsonPieces, placeholder } from "../wire/base64-text.ts";
import { LONG_STRING_BYTES } from "../wire/json-extent.ts";
import { parseBody } from "./json-body.ts";

const LONG = "QUJD".repeat(LONG_STRING_BYTES / 4 + 1);

/** Content parts, written as JSON; `$` is where the media goes. */
const PARTS = {
  image: '{"type":"image_url","image_url":{"url":"$","detail":"low"}}',
  bareImage: '{"type":"image_url","image_url":"$"}',
  video: '{"type":"video_url","video_url":{"url":"$"}}',
  audio: '{"type":"input_audio","input_audio":{"data":"$","format":"wav"}}',
  audioOfNoFormat: '{"type":"input_audio","input_audio":{"data":"$"}}',
  bareAudio: '{"type":"input_audio","input_audio":"$"}',
  file: '{"type":"file","file":{"file_data":"$","filename":"a.pdf"}}',
  fileOfNoName: '{"type":"file","file":{"file_data":"$"}}',
  fileByIdToo: '{"type":"file","file":{"file_data":"$","file_id":"files/a"}}',
  text: '{"type":"text","text":"$"}',
  unread: '{"type":"text","text":"Hi","image_url":{"url":"$"}}',
  unknownField: '{"type":"image_url","image_url":{"url":"https://a.example/b.png","x":"$"}}',
  keyTwice: '{"type":"image_url","image_url":{"url":"$","url":"https://a.example/b.png"}}',
  keyTwiceLast: '{"type":"image_url","image_url":{"url":"https://a.example/b.png","url":"$"}}',
  asKey: '{"type":"image_url","image_url":{"$":"https://a.example/b.png"}}',
  inList: '{"type":"image_url","image_url":["$"]}',
} as const;

const MESSAGES = [
  '{"role":"user","content":[{"type":"text","text":"Look: ä"},PART]}',
  '{"role":"user","content":[PART,{"type":"text","text":"What\\u0020is it?"}]}',
  '{"role":"user","content":"$"}',
  '{"role":"system","content":[PART]}',
  '{"role":"assistant","content":[PART]}',
  '{"role":"user","content":PART}',
  '{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\\"a\\":\\"$\\"}"}}]},{"role":"tool","tool_call_id":"c","content":[PART]}',
  '{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"$","extra_content":{"google":{"parts":[{"inlineData":{"mimeType":"image/png","data":"$"}}]}}}',
  '{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1","extra_content":{"google":{"parts":[{"inline_data":{"mime_type":"image/png","data":"$"}},{"inlineData":{"mimeType":"","data":"$"}}]}}}',
] as const;

const body = (messages: string, more = ""): string =>
  `{"model":"gemini-3.5-flash","messages":[${messages}]${more}}`;
const withPart = (part: string, media: string): string =>
  body(`{"role":"user","content":[${part.replaceAll("$", media)}]}`);

/** Everything that follows from a parsed body. */
function meaning(read: () => Record<string, unknown>, surface: Surface): object {
  try {
    const parsed = read();
    const sticky = stickyKeyOf(parsed, "conversation");
    const { notes, ...call } = toGeminiRequest(parsed, { surface, trace: true });
    const pieces = jsonPieces(call.body);
    const sent = typeof pieces === "string" ? pieces : Buffer.concat(pieces).toString();
    return {
      ...call,
      body: sent,
      explained: JSON.stringify(call.body),
      notes: [notes.list, notes.uses],
      sticky,
    };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { message: error.message, failure: error.failure };
  }
}

function expectTheSame(text: string, surface: Surface): void {
  const ours = meaning(() => parseBody(Buffer.from(text)), surface);
  const ordinary = meaning(() => JSON.parse(text) as Record<string, unknown>, surface);
  expect(ours).toEqual(ordinary);
}

/** Media as it stands in JSON, escapes and all, good or not. */
const media: fc.Arbitrary<string> = fc
  .record({
    head: fc.constantFrom(
      "",
      "data:image/png;base64,",
      "DATA:IMAGE/JPG;charset=utf-8; Base64 ,",
      "data:;base64,",
      "data:base64,",
      "data:text/plain,",
      "data:audio/L16;rate=24000;base64,",
      "data:image\\/png;base64,",
      "data:im\\u0061ge/png;base64,",
      "data:image/ü;base64,",
      'data:image/png;a=\\"b\\";base64,',
      "data:nothing;base64,",
      `data:image/png;a=${"b".repeat(1_000)};base64,`,
      "https://a.example/,",
      "base64,",
    ),
    groups: fc.constantFrom(
      1,
      2_000,
      LONG_STRING_BYTES / 4 - 6,
      LONG_STRING_BYTES / 4,
      LONG_STRING_BYTES / 4 + 1,
      20_000,
    ),
    end: fc.constantFrom(
      "",
      "QQ==",
      "QUI=",
      "Q",
      "=",
      "====",
      "QR==",
      "-_",
      "QUJ ",
      "\\n",
      "\\/\\/\\/\\/",
      "QU\\u004aD",
      "%3D",
      "ü",
      "😀",
      '\\"',
      "<0>",
    ),
    at: fc.constantFrom("", "", "", "\\r\\n", "_", " ", "é", "\\\\", "<"),
  })
  .map(
    ({ head, groups, end, at }) =>
      `${head}${"+/zA".repeat(groups)}${at}${"QUJD".repeat(at === "" ? 0 : groups)}${end}`,
  );

describe("F-64 media kept as bytes means what it means as a string", () => {
  test("in any part of any message, good or not, beside anything else", () => {
    const part = fc.tuple(fc.constantFrom(...Object.values(PARTS)), media);
    const message = fc
      .tuple(fc.constantFrom(...MESSAGES), part, media)
      .map(([text, [inner, first], second]) =>
        text.replaceAll("PART", inner.replaceAll("$", first)).replaceAll("$", second),
      );
    const more = fc.constantFrom(
      "",
      `,"user":"${LONG}"`,
      `,"metadata":{"a":"${LONG}"}`,
      `,"tools":[{"type":"function","function":{"name":"f","description":"${LONG}","parameters":{"type":"object","properties":{"url":{"enum":["${LONG}"]}}}}}]`,
      `,"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,${LONG}"}]}]`,
      `,"${LONG}":1`,
    );
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 3 }),
        more,
        fc.constantFrom<Surface[]>("vertex", "gemini-api"),
        (messages, rest, surface) => expectTheSame(body(messages.join(","), rest), surface),
      ),
      { numRuns: 1_000 },
    );
  });

  test.each(Object.entries(PARTS))("as %s", (_, part) => {
    for (const text of [LONG, `data:image/png;base64,${LONG}`, `data:application/pdf;base64,${LONG}QQ==`]) {
      expectTheSame(withPart(part, text), "vertex");
      expectTheSame(withPart(part, text), "gemini-api");
    }
  });

  test("with a byte order mark, and with lines that end in a backslash", () => {
    const text = withPart(PARTS.image, `data:image/png;base64,${LONG}`);
    const same = meaning(() => JSON.parse(text) as Record<string, unknown>, "vertex");
    const lines = text.replaceAll(",{", ",\\\n{").replace(/\}$/, "\\\n}\\");
    expect(meaning(() => parseBody(Buffer.from(`\ufeff${text}`)), "vertex")).toEqual(same);
    expect(meaning(() => parseBody(Buffer.from(lines)), "vertex")).toEqual(same);
  });

  test.each([
    ["cut", (text: string) => text.slice(0, -3)],
    ["with a word too much after the media", (text: string) => text.replace(/\}$/, "x}")],
    ["with a word too much before it", (text: string) => text.replace("messages", 'mess"ages')],
    ["with another text after it", (text: string) => `${text}\n{}`],
  ])("a body %s is refused with the place where it is wrong", (_, damage) => {
    const text = damage(withPart(PARTS.image, `data:image/png;base64,${LONG}`));
    const plain = damage(withPart(PARTS.image, "https://a.example/b.png"));
    const refusal = (sent: string): string => {
      try {
        parseBody(Buffer.from(sent));
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("nothing was thrown");
    };
    const isBefore = text.includes('mess"');
    const longer = isBefore ? 0 : `data:image/png;base64,${LONG}`.length - "https://a.example/b.png".length;
    const moved = refusal(plain).replace(
      /position (\d+) \(line (\d) column (\d+)\)/,
      (_match, position: string, line: string, column: string) =>
        `position ${Number(position) + longer} (line ${line} column ${Number(column) + (line === "1" ? longer : 0)})`,
    );
    expect(refusal(text)).toBe(moved);
  });
});

describe("which media is kept as bytes", () => {
  test.each([
    ["image", `data:image/png;base64,${LONG}`],
    ["bareImage", `data:image/png;base64,${LONG}`],
    ["video", `data:video/mp4;base64,${LONG}`],
    ["audio", LONG],
    ["file", LONG],
    ["fileOfNoName", `data:application/pdf;base64,${LONG}QUI=`],
  ] as const)("%s: what is sent is the request's own memory", (name, text) => {
    const received = Buffer.from(withPart(PARTS[name], text));
    const pieces = jsonPieces(toGeminiRequest(parseBody(received), { surface: "vertex" }).body) as Buffer[];
    expect(pieces).toHaveLength(3);
    const [, data] = pieces;
    expect(data?.buffer).toBe(received.buffer);
    const end = received.byteOffset + received.indexOf('"', received.indexOf(LONG));
    expect((data?.byteOffset ?? 0) + (data?.length ?? 0)).toBe(end);
    expect(data?.length).toBe(text.length - (text.lastIndexOf(",") + 1));
  });

  test("also that of a tool result, and each of several", () => {
    const text = body(
      `{"role":"user","content":"Hi"},${MESSAGES[7].replaceAll('"content":"$"', '"content":"1"').replaceAll("$", LONG)},${MESSAGES[0].replace("PART", `${PARTS.file},${PARTS.image}`).replaceAll("$", `data:image/png;base64,${LONG}`)}`,
    );
    const pieces = jsonPieces(toGeminiRequest(parseBody(Buffer.from(text)), { surface: "vertex" }).body);
    expect(pieces).toHaveLength(7);
    expectTheSame(text, "vertex");
  });

  test.each([
    ["a text", withPart(PARTS.text, LONG)],
    ["short media", withPart(PARTS.image, "data:image/png;base64,QUJD")],
    ["escaped media", withPart(PARTS.image, `data:image/png;base64,${LONG}\\/\\/\\/\\/`)],
    [
      "media beside a long text",
      body(MESSAGES[0].replace("PART", `${PARTS.image},${PARTS.text}`).replaceAll("$", LONG)),
    ],
  ])("not %s", (_, text) => {
    expect(
      JSON.stringify(parseBody(Buffer.from(text)), (_key, value: unknown) => {
        expect(value).not.toBeInstanceOf(Base64Text);
        return value;
      }),
    ).toBe(JSON.stringify(JSON.parse(text)));
  });

  test("nothing that a caller writes stands in for media", () => {
    const forged = PARTS.image.replace("$", placeholder(0));
    const real = PARTS.image.replace("$", `data:image/png;base64,${LONG}`);
    for (const parts of [`${forged},${real}`, `${real},${forged}`, forged]) {
      expectTheSame(body(`{"role":"user","content":[${parts}]}`), "vertex");
    }
  });
});
