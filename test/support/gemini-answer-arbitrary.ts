/** Answers of Gemini, whole and in events. */
import * as fc from "fast-check";
import type { Candidate, Part } from "../../src/wire/gemini.ts";

const asciiOrNot = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }),
  fc.constantFrom("é", "日本", "🙂", "\n", "```"),
);
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));
const signature = fc.option(base64, { nil: undefined });
const signed = (part: Part, value: string | undefined): Part =>
  value === undefined ? part : { ...part, thoughtSignature: value };

const anyPart: fc.Arbitrary<Part> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(asciiOrNot, signature).map(([text, sign]) => signed({ text }, sign)) },
  { weight: 3, arbitrary: asciiOrNot.map((text): Part => ({ text, thought: true })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom("a", "b", "__proto__"),
        fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined }),
        signature,
      )
      .map(([name, args, sign]) =>
        // Through JSON, as everything from the wire: -0 and undefined do not survive it.
        signed({ functionCall: JSON.parse(JSON.stringify({ name, args })) as never }, sign),
      ),
  },
  fc
    .tuple(base64, signature, fc.boolean())
    .map(([data, sign, thought]) =>
      signed({ inlineData: { mimeType: "image/png", data }, ...(thought ? { thought } : {}) }, sign),
    ),
  base64.map((data): Part => ({ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data } })),
  fc.string().map((code): Part => ({ executableCode: { language: "PYTHON", code } })),
  fc.string().map((output): Part => ({ codeExecutionResult: { outcome: "OUTCOME_OK", output } })),
  fc.constant<Part>({ text: "", thoughtSignature: "QUFB" }),
  fc.constant({ toolCall: {} } as Part),
);

/** Gemini's unstreamed answer holds one part where a stream has many pieces. */
function joined(parts: Part[]): Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (
      last?.text !== undefined &&
      part.text !== undefined &&
      last.thought === part.thought &&
      last.text !== "" &&
      part.text !== "" &&
      last.thoughtSignature === undefined
    ) {
      result[result.length - 1] = { ...part, text: last.text + part.text };
    } else result.push(part);
  }
  return result;
}

const grounding = fc.array(
  fc.record({ start: fc.nat(40), length: fc.nat(20), part: fc.constantFrom(0, 0, 1, 2) }),
  { maxLength: 3 },
);

export const anyCandidate = fc
  .record({
    parts: fc.array(anyPart, { minLength: 1, maxLength: 8 }),
    reason: fc.constantFrom("STOP", "STOP", "MAX_TOKENS", "SAFETY", "LANGUAGE"),
    grounding,
    message: fc.option(fc.constant("why"), { nil: undefined }),
  })
  .map(({ parts, reason, grounding: segments, message }): Candidate => {
    const candidate: Candidate = { content: { role: "model", parts: joined(parts) }, finishReason: reason };
    if (message !== undefined) candidate.finishMessage = message;
    if (segments.length > 0) {
      candidate.groundingMetadata = {
        groundingChunks: [{ web: { uri: "https://a.test/", title: "a" } }],
        groundingSupports: segments.map(({ start, length, part }) => ({
          segment: { startIndex: start, endIndex: start + length, partIndex: part },
          groundingChunkIndices: [0],
        })),
      };
    }
    return candidate;
  });

/** Cuts a candidate into events: text anywhere between characters, other parts whole, metadata last. */
export function pieces(candidate: Candidate, cuts: number[]): Candidate[] {
  const events: Part[][] = [[]];
  let at = 0;
  const cut = (): number => cuts[at++ % cuts.length] ?? 0;
  for (const part of candidate.content?.parts ?? []) {
    if (part.text === undefined || part.text === "" || part.thoughtSignature !== undefined) {
      // A piece of text that begins an event goes on with the text before it, so these stay where they are.
      events.at(-1)?.push(part);
      continue;
    }
    const characters = [...part.text];
    let first = true;
    while (characters.length > 0) {
      const text = characters.splice(0, 1 + cut()).join("");
      if (first) events.at(-1)?.push({ ...part, text });
      else events.push([{ ...part, text }]);
      first = false;
    }
    if (cut() % 2 === 0) events.push([]);
  }
  return [
    ...events.map((parts): Candidate => (parts.length === 0 ? {} : { content: { role: "model", parts } })),
    Object.fromEntries(Object.entries(candidate).filter(([key]) => key !== "content")) as Candidate,
  ];
}
