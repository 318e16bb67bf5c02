/**
 * docs/compatibility.md, held against the code: what `npm run docs` writes is what is there, every field of OpenAI's and
 * of Google's has a row, and each row's sample meets the fate that the row states.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startEmulator } from "../src/emulator/server.ts";
import { GatewayError } from "../src/errors.ts";
import { parseBody } from "../src/gateway/json-body.ts";
import { FAMILIES, HOSTS } from "../scripts/docs/families.ts";
import { ANSWER_SAMPLES } from "../scripts/docs/answer-samples.ts";
import { completionOf, FINISH_REASONS, valueAt } from "../scripts/docs/answers.ts";
import { pages } from "../scripts/docs/pages.ts";
import { chatCompletionRequest } from "../src/server/openapi-schemas.ts";
import { ROUTES } from "../src/server/routes.ts";
import { MODELS } from "../src/models/catalogue.ts";
import { toGeminiRequest } from "../src/translate/openai-to-gemini/request.ts";
import { RULES } from "../src/translate/rules.ts";
import type { Surface } from "../src/translate/target.ts";
import { code, tableUnder } from "./support/markdown.ts";
import { ROOT } from "./support/shell.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const PAGE = read("docs/compatibility.md");
const OPENAI_TYPES = read("node_modules/openai/resources/chat/completions/completions.d.ts");
const USAGE_TYPES = read("node_modules/openai/resources/completions.d.ts");

test.each(pages())("$path is what `npm run docs` writes", ({ path, text }) => {
  expect(read(path)).toBe(text);
});

/** Keys of an interface in openai-node's type declarations. */
function keysOf(name: string, source = OPENAI_TYPES): string[] {
  const declared = new RegExp(
    `^( *)(?:export )?interface ${name} (?:extends .*)?\\{\\n([^]*?)\\n\\1\\}`,
    "m",
  );
  const body = declared.exec(source)?.[2];
  if (body === undefined) throw new Error(`openai declares no ${name}`);
  const plain = body.replace(/\/\*\*[^]*?\*\//g, "");
  const indent = /^ +/.exec(plain.replace(/^\n+/, ""))?.[0].length ?? 4;
  return [...plain.matchAll(new RegExp(`^ {${indent}}(\\w+)\\??:`, "gm"))].map(([, key = ""]) => key);
}

const fieldsUnder = (heading: string): string[] =>
  tableUnder(PAGE, heading).rows.map(([field = ""]) => code(field));

describe("every field has a row", () => {
  const top = [...fieldsUnder("Request fields"), ...fieldsUnder("Images and speech")];

  test("of OpenAI's request", () => {
    const keys = keysOf("ChatCompletionCreateParamsBase");
    expect(keys.length).toBeGreaterThanOrEqual(36);
    expect(keys.filter((key) => !top.includes(key))).toEqual([]);
  });

  test("of the schema that /openapi.json shows", () => {
    const rows = [...top, "extra_body"];
    expect(Object.keys(chatCompletionRequest.shape).filter((key) => !rows.includes(key))).toEqual([]);
  });

  test("of Google's options", () => {
    const source = read("src/translate/openai-to-gemini/extra-body.ts");
    const list = /GOOGLE_OPTIONS = \[([^\]]*)\]/.exec(source)?.[1] ?? "";
    const options = [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
    const rows = fieldsUnder("Google's options").map((field) => field.split(/[.[]/)[0]);
    expect(options.length).toBeGreaterThanOrEqual(14);
    expect(options.filter((option) => !rows.includes(option))).toEqual([]);
  });

  test.each([
    "ChatCompletionDeveloperMessageParam",
    "ChatCompletionSystemMessageParam",
    "ChatCompletionUserMessageParam",
    "ChatCompletionAssistantMessageParam",
    "ChatCompletionToolMessageParam",
    "ChatCompletionFunctionMessageParam",
  ])("of OpenAI's %s", (name) => {
    const rows = tableUnder(PAGE, "Messages").rows.map((cells) => cells.join(" "));
    const role = {
      Developer: "developer",
      System: "system",
      User: "user",
      Assistant: "assistant",
      Tool: "tool",
      Function: "function",
    }[name.replace(/^ChatCompletion|MessageParam$/g, "")];
    const ofRole = rows.filter((row) => row.includes(`"role": "${role}"`));
    expect(ofRole.length).toBeGreaterThan(0);
    expect(keysOf(name).filter((key) => !ofRole.some((row) => row.includes(`"${key}":`)))).toEqual([]);
  });

  test.each([
    "ChatCompletionContentPartText",
    "ChatCompletionContentPartImage",
    "ChatCompletionContentPartInputAudio",
    "ImageURL",
    "InputAudio",
    "ChatCompletionContentPartRefusal",
  ])("of OpenAI's part %s", (name) => {
    const samples = tableUnder(PAGE, "Content parts").rows.map(([, sample = ""]) => sample);
    const keys = keysOf(name);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !samples.some((sample) => sample.includes(`"${key}":`)))).toEqual([]);
  });

  test.each([
    { name: "ChatCompletion", prefix: "", source: OPENAI_TYPES },
    { name: "ChatCompletionChunk", prefix: "", source: OPENAI_TYPES },
    { name: "Choice", prefix: "choices[0].", source: OPENAI_TYPES },
    { name: "Logprobs", prefix: "choices[0].logprobs.", source: OPENAI_TYPES },
    { name: "ChatCompletionMessage", prefix: "choices[0].message.", source: OPENAI_TYPES },
    { name: "CompletionUsage", prefix: "usage.", source: USAGE_TYPES },
  ])("of OpenAI's answer: $name", ({ name, prefix, source }) => {
    const neverSent = tableUnder(PAGE.replace(/^[^]*Not sent:$/m, "## Not sent"), "Not sent");
    const rows = [...fieldsUnder("Answers"), ...neverSent.rows.map(([field = ""]) => code(field))];
    const keys = keysOf(name, source).map((key) => prefix + key);
    expect(keys.length).toBeGreaterThan(1);
    expect(
      keys.filter(
        (key) => !rows.some((row) => row === key || row.startsWith(`${key}.`) || row.startsWith(`${key}[`)),
      ),
    ).toEqual([]);
  });
});

/** `translated; ignored on 3.8, 2.5 on the Gemini API` for one family and host. */
function statedFate(text: string, family: string, host: string): string {
  const [usual = "", ...exceptions] = text.split("; ");
  for (const exception of exceptions) {
    const [, fate = "", places = ""] = /^(\w+) on (.*)$/.exec(exception) ?? [];
    if (places.split(", ").some((place) => [host, family, `${family} on ${host}`].includes(place)))
      return fate;
  }
  return usual;
}

/** From the loudest. */
const FATES = ["ignored", "clamped", "approximated", "added"];

function meetsFate(request: object, path: string, surface: Surface): string {
  const inside = (field: string): boolean =>
    [field, path].some((outer, index, both) => {
      const inner = both[1 - index] ?? "";
      return inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
    });
  try {
    const { notes } = toGeminiRequest(request, { surface, trace: true });
    const actions = notes.list.filter(({ field }) => inside(field)).map(({ action }) => action as string);
    const exact = notes.uses?.some(({ field }) => inside(field)) === true;
    return FATES.find((fate) => actions.includes(fate)) ?? (exact ? "translated" : "not accounted for");
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { failure } = error;
    const param =
      failure.kind === "model_not_found"
        ? "model"
        : failure.kind === "invalid_request"
          ? failure.param
          : null;
    return param !== null && inside(param) ? "refused" : `refused for ${param}: ${error.message}`;
  }
}

const HI = [{ role: "user", content: "Hi" }];

/** The tables whose samples are requests, and how a sample becomes one. */
const SECTIONS = [
  {
    heading: "Request fields",
    path: (field: string) => field,
    request: (sample: string) => ({ messages: HI, ...(JSON.parse(`{${sample}}`) as object) }),
  },
  {
    heading: "Google's options",
    path: (field: string) => `extra_body.google.${field}`,
    request: (sample: string) => ({ messages: HI, ...(JSON.parse(`{${sample}}`) as object) }),
  },
  {
    heading: "Messages",
    path: (field: string) => field,
    request: (sample: string) => JSON.parse(`{${sample}}`) as object,
  },
  {
    heading: "Content parts",
    path: (field: string) => `messages[0].content[0].${field}`,
    request: (sample: string) => ({
      messages: [{ role: "user", content: [JSON.parse(sample), { type: "text", text: "Hi" }] }],
    }),
  },
];

describe("each sample meets the fate its row states", () => {
  describe.each(SECTIONS)("$heading", ({ heading, path, request }) => {
    test.each(tableUnder(PAGE, heading).rows)("%s %s", (field, sample = "", fate = "") => {
      for (const { name: family, model } of FAMILIES) {
        for (const { surface, name: host } of HOSTS) {
          const body = { model, ...request(code(sample).replace("MODEL", model)) };
          const met = meetsFate(body, path(code(field)), surface);
          expect(`${family} on ${host}: ${met}`).toBe(
            `${family} on ${host}: ${statedFate(fate, family, host)}`,
          );
        }
      }
    });
  });

  test.each(tableUnder(PAGE, "Images and speech").rows)(
    "%s %s on %s",
    (field, sample = "", model = "", fate) => {
      const body = { model: code(model), messages: HI, ...(JSON.parse(`{${code(sample)}}`) as object) };
      expect(meetsFate(body, code(field), "vertex")).toBe(fate);
    },
  );
});

/** Google's own refusals, which the page tells of; the last is of a signature that the sample made up. */
const REFUSED_BY_GOOGLE = [
  { sample: '"logprobs": true', host: "", words: /Logprobs is not (?:supported|enabled)/ },
  { sample: "gs://", host: "the Gemini API", words: /unsupported file uri: gs:/ },
  { sample: "thought_signature", host: "", words: /Corrupted thought signature/ },
];

test("what is not refused here, Google's rules take", async () => {
  const emulator = await startEmulator({ paceMs: 0, keepRequests: 0 });
  const unexpected: string[] = [];
  let sent = 0;
  try {
    for (const { heading, request } of SECTIONS) {
      for (const [, cell = ""] of tableUnder(PAGE, heading).rows) {
        for (const { model } of FAMILIES) {
          for (const { surface, name: host } of HOSTS) {
            const sample = code(cell).replace("MODEL", model);
            const refusal = await refusalOf({ model, ...request(sample) }, surface, emulator.url);
            if (refusal === undefined) continue;
            sent += 1;
            const known = REFUSED_BY_GOOGLE.some(
              (one) => sample.includes(one.sample) && host.includes(one.host) && one.words.test(refusal),
            );
            if (refusal !== "" && !known) unexpected.push(`${sample} on ${model}, ${host}: ${refusal}`);
          }
        }
      }
    }
  } finally {
    await emulator.close();
  }
  expect(unexpected).toEqual([]);
  expect(sent).toBeGreaterThan(1000);
});

/** What the emulator says against a request: nothing if it takes it; undefined if it never gets there. */
async function refusalOf(request: object, surface: Surface, url: string): Promise<string | undefined> {
  let call;
  try {
    call = toGeminiRequest(request, { surface });
  } catch {
    return undefined;
  }
  const { target, stream, headers, body } = call;
  const method = stream ? "streamGenerateContent?alt=sse" : "generateContent";
  const vertex = "/v1beta1/projects/p/locations/global/publishers/google";
  const response = await fetch(
    `${url}${surface === "vertex" ? vertex : "/v1beta"}/models/${target.model}:${method}`,
    {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(surface === "vertex" ? { authorization: "Bearer any" } : { "x-goog-api-key": "any" }),
        ...headers,
      },
      body: JSON.stringify(body),
    },
  );
  const text = await response.text();
  return response.status === 200 ? "" : text;
}

describe("answers", () => {
  test.each(tableUnder(PAGE, "Answers").rows)(
    "%s from %s",
    (field, gemini = "", request = "", value = "") => {
      const sample = JSON.parse(`{${code(gemini)}}`) as Record<string, unknown>;
      const asked = JSON.parse(`{${code(request)}}`) as Record<string, unknown>;
      expect(valueAt(completionOf({ gemini: sample, request: asked }), code(field))).toEqual(
        JSON.parse(code(value)),
      );
    },
  );

  test("there is a row for each sample", () => {
    expect(fieldsUnder("Answers")).toEqual(ANSWER_SAMPLES.map(({ field }) => field));
  });

  test.each(tableUnder(PAGE, "Finish reasons").rows)("finishReason %s", (reason, text, calls, nothing) => {
    const answerWith = (parts: object[]): string => {
      try {
        const candidates = [{ content: { parts }, finishReason: code(reason) }];
        return completionOf({ gemini: { candidates } }).choices[0]?.finish_reason ?? "no choice";
      } catch (error) {
        if (!(error instanceof GatewayError) || error.failure.kind !== "upstream") throw error;
        return `error ${error.failure.status} ${error.failure.code}`;
      }
    };
    expect([
      answerWith([{ text: "Hi" }]),
      answerWith([{ functionCall: { name: "tide" } }]),
      answerWith([]),
    ]).toEqual([text, calls, nothing].map((cell) => code(cell ?? "")));
  });

  test("every finish reason of Gemini's is there", () => {
    const types = read("node_modules/@google/genai/dist/genai.d.ts");
    const declared = /enum FinishReason \{([^]*?)\n\}/.exec(types)?.[1] ?? "";
    const values = [...declared.matchAll(/= "(\w+)"/g)].map(([, value = ""]) => value);
    expect(values.length).toBeGreaterThan(15);
    // The page tells of FINISH_REASON_UNSPECIFIED, which is no reason, under the table.
    const reasons = values.filter((value) => value !== "FINISH_REASON_UNSPECIFIED");
    expect(reasons.filter((value) => !(FINISH_REASONS as readonly string[]).includes(value))).toEqual([]);
  });
});

describe("what is written by hand", () => {
  test("thinking: effort on each model", () => {
    const { columns, rows } = tableUnder(PAGE, "Thinking");
    for (const [models = "", ...cells] of rows) {
      for (const [, model = ""] of models.matchAll(/`([^`]+)`/g)) {
        for (const [index, cell] of cells.entries()) {
          const effort = code(columns[index + 1] ?? "");
          const { body, notes } = toGeminiRequest(
            { model, messages: HI, reasoning_effort: effort },
            { surface: "vertex" },
          );
          const { thinkingLevel, thinkingBudget } = body.generationConfig?.thinkingConfig ?? {};
          const ofEffort = notes.list.filter(({ field }) => field === "reasoning_effort");
          const action = ofEffort.map((note) => ` (${note.action})`).join("");
          expect(`${model} ${effort}: ${cell.replaceAll(",", "")}`).toBe(
            `${model} ${effort}: ${thinkingLevel ?? thinkingBudget}${action}`,
          );
        }
      }
    }
    const listed = rows.flatMap(([models = ""]) =>
      [...models.matchAll(/`([^`]+)`/g)].map(([, model]) => model),
    );
    expect(listed.toSorted()).toEqual(
      MODELS.filter(({ thinking }) => thinking.kind !== "none")
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  test("every family of text models behaves as its representative, but for its levels", () => {
    const words = PAGE.match(/^\| `google\/gemini-[\d.]+[^|]*\|.*→ text \|.*$/gm) ?? [];
    const traits = new Map<string, Set<string>>();
    for (const row of words) {
      const cells = row.split(" | ");
      const generation = Number(/gemini-([\d.]+)/.exec(row)?.[1]);
      const family = FAMILIES.find(({ name }) => inFamily(name, generation))?.name ?? "none";
      traits.set(family, (traits.get(family) ?? new Set()).add(cells.slice(4).join()));
    }
    expect([...traits.keys()].toSorted()).toEqual(FAMILIES.map(({ name }) => name).toSorted());
    for (const [family, different] of traits) expect(`${family}: ${different.size}`).toBe(`${family}: 1`);
  });

  test("headers", () => {
    const answers = tableUnder(PAGE.replace(/^[^]*Of answers:$/m, "## Of answers"), "Of answers");
    const named = [...tableUnder(PAGE, "Headers").rows, ...answers.rows].flatMap(([cell = ""]) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    const sources = [
      "gateway/access",
      "gateway/chat-completions",
      "gateway/error-answer",
      "gateway/json-body",
      "server/hot-routes",
      "compose",
    ];
    const used = sources.flatMap((name) =>
      [...read(`src/${name}.ts`).matchAll(/"((?:x|retry|openai|content)-[a-z-]+|authorization|allow)"/g)].map(
        ([, header]) => header,
      ),
    );
    expect(used.length).toBeGreaterThan(8);
    expect(used.filter((header) => !named.includes(header))).toEqual([]);
  });

  test("paths", () => {
    const cells = tableUnder(PAGE, "Paths").rows.map((row) => row.join(" "));
    const section = PAGE.slice(PAGE.indexOf("## Paths"), PAGE.indexOf("## Differences"));
    for (const { path, method } of ROUTES) {
      const plain = path.replace("*}", "}").replace(/^\/v1beta1\//, "/v1/");
      const listed =
        cells.some((cell) => cell.includes(`\`${method} ${plain}\``)) ||
        section.includes(`\`${plain.replace("/{model}", "")}\``);
      expect({ path, listed }).toEqual({ path, listed: true });
    }
  });

  test("leniencies", () => {
    const loose = '\uFEFF{ \\\n "model": "gemini-3.5-flash", \\\n "messages": [] }';
    expect(parseBody(Buffer.from(loose))).toEqual({ model: "gemini-3.5-flash", messages: [] });
    const flat = { model: "gemini-3.5-flash", messages: HI, tools: [{ type: "function", name: "tide" }] };
    expect(toGeminiRequest(flat, { surface: "vertex" }).body.tools).toEqual([
      { functionDeclarations: [{ name: "tide" }] },
    ]);
    const audio = { type: "input_audio", input_audio: { data: "gs://b/a.mp3", format: "audio/mp3" } };
    const spoken = { model: "gemini-3.5-flash", messages: [{ role: "user", content: [audio] }] };
    expect(
      toGeminiRequest(spoken, { surface: "vertex" }).body.contents?.[0]?.parts?.[0]?.fileData?.fileUri,
    ).toBe("gs://b/a.mp3");
  });

  test("differences from Google's own layer", () => {
    const call = { functionCall: { name: "tide" } };
    const usageMetadata = {
      promptTokenCount: 21,
      candidatesTokenCount: 1,
      thoughtsTokenCount: 113,
      totalTokenCount: 135,
    };
    const answer = completionOf({
      gemini: { candidates: [{ content: { parts: [call, call] }, finishReason: "STOP" }], usageMetadata },
    });
    expect(answer.usage).toMatchObject({ prompt_tokens: 21, completion_tokens: 114, total_tokens: 135 });
    expect(answer.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      logprobs: null,
      message: { content: null, refusal: null },
    });
    const blocked = completionOf({ gemini: { candidates: [], promptFeedback: { blockReason: "SAFETY" } } });
    expect(blocked.choices).toMatchObject([
      { finish_reason: "content_filter", message: { refusal: expect.stringContaining("SAFETY") } },
    ]);
    const thought = completionOf({
      gemini: {
        candidates: [
          { content: { parts: [{ text: "Hm.", thought: true }, { text: "Hi." }] }, finishReason: "STOP" },
        ],
      },
    });
    expect(thought.choices[0]?.message).toMatchObject({ content: "Hi.", reasoning_content: "Hm." });
  });

  test("links lead to headings and to rules", () => {
    const anchors = [...PAGE.matchAll(/^#+ (.*)$/gm)].map(
      ([, heading = ""]) =>
        `#${heading
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, "")
          .replaceAll(" ", "-")}`,
    );
    for (const [, target = ""] of PAGE.matchAll(/\]\((#[^)]+)\)/g)) expect(anchors).toContain(target);
    for (const id of Object.keys(RULES)) expect(PAGE).toContain(`\n[${id}]: https://`);
  });
});

function inFamily(name: string, generation: number): boolean {
  const [low = 0, high = low] = name.split(/ (?:and|to) /).map(Number);
  return generation >= low && generation <= high;
}
