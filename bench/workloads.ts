/** What is asked: one body for each kind of work, the same for every contestant but for the model's name. */

/** The upstream answers by the model's name: see upstream.c. */
export interface Workload {
  name: string;
  model: string;
  stream: boolean;
  /** OpenAI's fields, without `model` and `stream`. */
  body: Record<string, unknown>;
  /** Stamps in each answer: the chunks of a stream; -1 where the answer has none. */
  markers: number;
  /** Bytes of the right answer, in Gemini's words where the upstream is asked directly. */
  expect: { openai: string; gemini: string };
}

const MESSAGES = [
  { role: "system", content: "You are a terse assistant for a travel agency. Answer in plain text." },
  { role: "user", content: "Which cities in the north of Italy are worth three days in spring?" },
  { role: "assistant", content: "Verona, Mantua and Bergamo: small, old, close to each other by train." },
  {
    role: "user",
    content: "Plan the second of these, with two museums and one long walk, and say what it costs.",
  },
];

const TOOL = {
  type: "function",
  function: {
    name: "find_train",
    description: "Finds a train between two cities.",
    parameters: {
      type: "object",
      properties: { from: { type: "string" }, to: { type: "string" }, after: { type: "string" } },
      required: ["from", "to"],
    },
  },
};

const ORDINARY = { messages: MESSAGES, tools: [TOOL], temperature: 0.4, top_p: 0.9, max_tokens: 800 };
const STOP = { openai: '"finish_reason":"stop"', gemini: '"finishReason": "STOP"' };

export const UNARY: Workload = {
  name: "unary",
  model: "gemini-bench-1-0",
  stream: false,
  body: ORDINARY,
  markers: 1,
  expect: { openai: "A good one is not seen", gemini: "A good one is not seen" },
};

/** The upstream takes 20 ms, as models take some time: requests at one time are then not all in the gateway at once. */
export const DELAYED: Workload = {
  ...UNARY,
  name: "unary, answered after 20 ms",
  model: "gemini-bench-1-20",
};

/** 50 chunks in one write. */
export const BURST: Workload = {
  name: "stream, all at once",
  model: "gemini-bench-50-0",
  stream: true,
  body: ORDINARY,
  markers: 50,
  expect: STOP,
};

/** 50 chunks, 20 ms apart. */
export const PACED: Workload = { ...BURST, name: "stream, 20 ms apart", model: "gemini-bench-50-20" };

/** One chunk every two seconds: open for as long as the memory of open streams is measured. */
export const SLOW: Workload = {
  ...BURST,
  name: "slow stream",
  model: "gemini-bench-100-2000",
  markers: 100,
};

export const TOOLS: Workload = {
  ...UNARY,
  name: "40 tools, 60 KB of schemas",
  model: "gemini-bench-tool",
  body: { ...ORDINARY, tools: Array.from({ length: 40 }, (_, index) => bigTool(index)) },
  markers: -1,
  expect: { openai: '"name":"tool_7"', gemini: '"name": "tool_7"' },
};

export const HISTORY: Workload = {
  ...UNARY,
  name: "400 messages, 300 KB",
  body: { ...ORDINARY, messages: longHistory() },
};

export const IMAGE: Workload = {
  ...UNARY,
  name: "5 MB inline image",
  body: {
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is in this picture?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${picture(5_000_000)}` } },
        ],
      },
    ],
  },
};

export const STRUCTURED: Workload = {
  ...UNARY,
  name: "structured output",
  model: "gemini-bench-json",
  body: {
    ...ORDINARY,
    tools: undefined,
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "person",
        strict: true,
        schema: {
          type: "object",
          properties: {
            name: { type: "string" },
            age: { type: "integer" },
            tags: { type: "array", items: { type: "string" } },
            note: { type: "string" },
          },
          required: ["name", "age", "tags", "note"],
          additionalProperties: false,
        },
      },
    },
  },
  markers: -1,
  expect: { openai: "Ada", gemini: "Ada" },
};

function bigTool(index: number): unknown {
  const field = (at: number): unknown => ({
    type: "object",
    description: `Part ${at} of the order: what is wanted, how much of it, and where it has to be by when.`,
    properties: {
      name: { type: "string", description: "The article's name as the catalogue has it." },
      amount: { type: "integer", minimum: 1, maximum: 1000 },
      unit: { type: "string", enum: ["piece", "box", "pallet", "litre"] },
    },
    required: ["name", "amount"],
  });
  return {
    type: "function",
    function: {
      name: `tool_${index}`,
      description: `Places order ${index} with the warehouse and gives its number.`,
      parameters: {
        type: "object",
        properties: Object.fromEntries(Array.from({ length: 4 }, (_, at) => [`part_${at}`, field(at)])),
        required: ["part_0"],
      },
    },
  };
}

function longHistory(): unknown[] {
  const text = "It was said before, and it is said again here, so that the history has some length. ".repeat(
    9,
  );
  return Array.from({ length: 400 }, (_, at) => ({
    role: at % 2 === 0 ? "user" : "assistant",
    content: `${at}: ${text}`,
  })).concat({ role: "user", content: "Sum it up." });
}

/** Base64 of a PNG's signature and bytes that do not repeat. */
function picture(bytes: number): string {
  const data = Buffer.alloc(bytes);
  let state = 1;
  for (let at = 0; at < bytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data.writeInt32LE(state, at);
  }
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(data);
  return data.toString("base64");
}
