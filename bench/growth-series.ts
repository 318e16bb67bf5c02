/** What is made to grow: requests of one kind, each larger than the one before. */

export interface Series {
  what: string;
  /** Of the sizes. */
  unit: string;
  sizes: readonly number[];
  /** OpenAI's fields, without `model`. */
  body: (size: number) => Record<string, unknown>;
}

export const SERIES: readonly Series[] = [
  {
    what: "messages",
    unit: "messages of 200 characters",
    sizes: [10, 30, 100, 300, 1000, 3000],
    body: (size) => ({
      messages: Array.from({ length: size }, (_, at) => ({
        role: at % 2 === 0 ? "user" : "assistant",
        content: text(200),
      })).concat({ role: "user", content: "And now?" }),
    }),
  },
  {
    what: "text",
    unit: "KB in one message",
    sizes: [1, 10, 100, 1000, 4000],
    body: (size) => ({ messages: [{ role: "user", content: text(size * 1000) }] }),
  },
  {
    what: "tools",
    unit: "tools of 8 parameters",
    sizes: [1, 4, 16, 64, 128],
    body: (size) => ({
      messages: [{ role: "user", content: "Which?" }],
      tools: Array.from({ length: size }, (_, at) => ({
        type: "function",
        function: { name: `tool_${at}`, description: text(80), parameters: schema(8) },
      })),
    }),
  },
  {
    what: "schema",
    unit: "properties in one schema",
    sizes: [10, 30, 100, 200, 300],
    body: form,
  },
  {
    // Above some 500 properties a conversion is not remembered: it is a series of its own, or the step would look like growth.
    what: "large schema",
    unit: "properties in one schema",
    sizes: [600, 1000, 2000, 4000],
    body: form,
  },
  {
    what: "image",
    unit: "MB of inline image",
    sizes: [0.1, 0.3, 1, 3, 10, 20],
    body: (size) => ({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${image(size * 1e6)}` } },
          ],
        },
      ],
    }),
  },
];

function text(characters: number): string {
  return "It is said again, so that there is more of it. "
    .repeat(Math.ceil(characters / 47))
    .slice(0, characters);
}

function form(properties: number): Record<string, unknown> {
  return {
    messages: [{ role: "user", content: "Fill it in." }],
    response_format: { type: "json_schema", json_schema: { name: "form", schema: schema(properties) } },
  };
}

function schema(properties: number): unknown {
  const names = Array.from({ length: properties }, (_, at) => `field_${at}`);
  return {
    type: "object",
    properties: Object.fromEntries(
      names.map((name, at) => [name, { type: at % 3 === 0 ? "integer" : "string", description: text(60) }]),
    ),
    required: names,
    additionalProperties: false,
  };
}

function image(bytes: number): string {
  const data = Buffer.alloc(Math.round(bytes));
  for (let at = 0; at < data.length; at += 1) data[at] = (at * 2_654_435_761) >>> 13;
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(data);
  return data.toString("base64");
}
