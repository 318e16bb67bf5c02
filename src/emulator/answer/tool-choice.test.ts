import { expect, test } from "vitest";
import {
  assistant,
  callsOf,
  firstCandidate,
  prompt,
  textOf,
  user,
} from "../../../test/emulator/answering.ts";
import type { FunctionCallingConfig, FunctionDeclaration } from "../../wire/gemini.ts";

const weather: FunctionDeclaration = {
  name: "get_weather",
  description: "Get the weather in a given location",
  parameters: {
    type: "OBJECT",
    properties: {
      location: { type: "STRING", description: "The city and state, e.g. Chicago, IL" },
      unit: { type: "STRING", enum: ["celsius", "fahrenheit"] },
    },
    required: ["location"],
  },
};
const flight: FunctionDeclaration = {
  name: "book_flight",
  description: "Book a flight",
  parametersJsonSchema: {
    type: "object",
    properties: {
      origin: { type: "string" },
      destination: { type: "string" },
      date: { type: "string", format: "date" },
      passengers: { type: "integer", minimum: 1 },
    },
    required: ["origin", "destination", "date", "passengers"],
    additionalProperties: false,
  },
};
const time: FunctionDeclaration = {
  name: "getCurrentTime",
  description: "Current time in a city",
  parameters: { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] },
};
const mail: FunctionDeclaration = {
  name: "send_email",
  description: "Send an email",
  parametersJsonSchema: {
    type: "object",
    properties: { to: { type: "string" }, subject: { type: "string" }, body: { type: "string" } },
    required: ["to", "subject", "body"],
  },
};
const add: FunctionDeclaration = {
  name: "add",
  description: "Add two numbers",
  parametersJsonSchema: {
    type: "object",
    properties: { a: { type: "number" }, b: { type: "number" } },
    required: ["a", "b"],
  },
};
const light: FunctionDeclaration = {
  name: "set_light",
  description: "Turns the light on or off",
  parametersJsonSchema: {
    type: "object",
    properties: {
      room: { $ref: "#/$defs/room" },
      brightness: { type: "integer", maximum: 100 },
      dimmed: { type: "boolean" },
    },
    required: ["room"],
    $defs: { room: { enum: ["kitchen", "bedroom"] } },
  },
};
const ping: FunctionDeclaration = { name: "ping" };
const tools = [{ functionDeclarations: [weather, flight, time, mail, add, light, ping] }];

test.each([
  ["What's the weather like in Chicago today?", [["get_weather", { location: "Chicago" }]]],
  ["Is it raining in Tokyo?", [["get_weather", { location: "Tokyo" }]]],
  [
    "what's the weather in san francisco, celsius",
    [["get_weather", { location: "san francisco", unit: "celsius" }]],
  ],
  ["Call get_weather for Rome", [["get_weather", { location: "Rome" }]]],
  [
    "weather in Paris and London in Fahrenheit",
    [
      ["get_weather", { location: "Paris", unit: "fahrenheit" }],
      ["get_weather", { location: "London", unit: "fahrenheit" }],
    ],
  ],
  [
    "What is the weather in Paris, and in Tokyo?",
    [
      ["get_weather", { location: "Paris" }],
      ["get_weather", { location: "Tokyo" }],
    ],
  ],
  [
    "What is the weather in Paris and the time in Tokyo?",
    [
      ["get_weather", { location: "Paris" }],
      ["getCurrentTime", { city: "Tokyo" }],
    ],
  ],
  [
    "Book a flight from New York to San Francisco on May 5, 2026 for 3 people",
    [
      [
        "book_flight",
        { origin: "New York", destination: "San Francisco", date: "2026-05-05", passengers: 3 },
      ],
    ],
  ],
  [
    'Send an email to bob@example.com with subject "Lunch" saying "see you at noon"',
    [["send_email", { to: "bob@example.com", subject: "Lunch", body: "see you at noon" }]],
  ],
  ["what is 3 plus 4?", [["add", { a: 3, b: 4 }]]],
  ["Switch on the lights in the bedroom, dimmed", [["set_light", { room: "bedroom", dimmed: true }]]],
  ["ping the server", [["ping", {}]]],
  ["Hello!", []],
  ["Tell me a story about a cat", []],
  ["What's the weather in Rome? Do not use any tools.", []],
])("%s -> %j", (ask, calls) => {
  const found = callsOf(firstCandidate(prompt(ask, { tools })));
  expect(found).toEqual(calls.map(([name, args]) => ({ name, args })));
});

const calling = (functionCallingConfig: FunctionCallingConfig) => ({
  tools,
  toolConfig: { functionCallingConfig },
});

test("ANY forces a call, of an allowed function", () => {
  const any = firstCandidate(
    prompt("Hello!", calling({ mode: "ANY", allowedFunctionNames: ["book_flight"] })),
  );
  expect(callsOf(any)).toEqual([
    {
      name: "book_flight",
      args: {
        origin: expect.any(String),
        destination: expect.any(String),
        date: "2026-01-05",
        passengers: 1,
      },
    },
  ]);
});

test("NONE never calls", () => {
  expect(callsOf(firstCandidate(prompt("Weather in Paris?", calling({ mode: "NONE" }))))).toEqual([]);
});

test("VALIDATED may call, within the allowed names", () => {
  const config: FunctionCallingConfig = { mode: "VALIDATED", allowedFunctionNames: ["getCurrentTime"] };
  expect(callsOf(firstCandidate(prompt("Weather in Paris?", calling(config))))).toEqual([]);
  expect(callsOf(firstCandidate(prompt("What time is it in Paris?", calling(config))))).toHaveLength(1);
});

const call = (name: string, args: Record<string, string>, id?: string) => ({
  functionCall: { name, args, ...(id !== undefined && { id }) },
});

test("results are used in the answer, matched by id, errors too", () => {
  const contents = [
    user("weather in Paris and London"),
    assistant(
      call("get_weather", { location: "Paris" }, "1"),
      call("get_weather", { location: "London" }, "2"),
    ),
    user(
      { functionResponse: { id: "2", name: "get_weather", response: { error: "no such city" } } },
      {
        functionResponse: {
          id: "1",
          name: "get_weather",
          response: { result: '{"temperature":21,"skyCover":"clear"}' },
        },
      },
    ),
  ];
  const candidate = firstCandidate({ contents, tools });
  expect(callsOf(candidate)).toEqual([]);
  expect(textOf(candidate)).toContain("get_weather for London reported an error: no such city.");
  expect(textOf(candidate)).toContain("get_weather for Paris: temperature 21, sky cover clear.");
});

const result = (name: string) => user({ functionResponse: { name, response: { ok: true } } });
const step = (...contents: ReturnType<typeof user>[]) =>
  callsOf(firstCandidate({ contents, tools })).map(({ name }) => name);

test('"then" is a second step, taken once the first has its result', () => {
  const ask = user(
    "Check the weather in Oslo, then book a flight from Bergen to Oslo on Friday for two passengers",
  );
  const first = assistant(call("get_weather", { location: "Oslo" }));
  expect(step(ask)).toEqual(["get_weather"]);
  expect(step(ask, first, result("get_weather"))).toEqual(["book_flight"]);
  expect(
    step(ask, first, result("get_weather"), assistant(call("book_flight", {})), result("book_flight")),
  ).toEqual([]);
});

test("a follow-up asks the same function again", () => {
  const contents = [
    user("weather in Paris"),
    assistant(call("get_weather", { location: "Paris" })),
    user({ functionResponse: { name: "get_weather", response: { result: "sunny" } } }),
    assistant("It is sunny."),
    user("And in London?"),
  ];
  expect(callsOf(firstCandidate({ contents, tools }))).toEqual([
    { name: "get_weather", args: { location: "London" } },
  ]);
  expect(callsOf(firstCandidate({ contents: [...contents.slice(0, 4), user("Thanks!")], tools }))).toEqual(
    [],
  );
});
