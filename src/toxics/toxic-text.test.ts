import { describe, expect, test } from "vitest";
import { ToxicError } from "./toxic.ts";
import { parseToxic } from "./toxic-text.ts";

test.each([
  ["blackhole", { type: "blackhole" }],
  ["latency:latency=200,jitter=50", { type: "latency", attributes: { latency: 200, jitter: 50 } }],
  [
    " slicer : average_size=1 , stream=upstream, toxicity=0.5, name=thin",
    { type: "slicer", attributes: { average_size: 1 }, stream: "upstream", toxicity: 0.5, name: "thin" },
  ],
  // An attribute of its own, so that it is refused by name and changes nothing else.
  ["latency:__proto__=1", { type: "latency", attributes: Object.fromEntries([["__proto__", 1]]) }],
])("%s", (text, toxic) => {
  expect(parseToxic(text)).toEqual(toxic);
});

describe("refused", () => {
  test.each([
    ["latency:", "Write latency:latency=100,jitter=100."],
    ["latency:latency", '"latency" of the toxic'],
    ["latency:latency=", "is not name=value"],
    ["latency:latency=1=2", "is not name=value"],
    ["latency:latency=long", "is no number: long"],
    ["constructor:", "Write latency:latency=200,jitter=50."],
  ])("%s", (text, message) => {
    expect(() => parseToxic(text)).toThrow(ToxicError);
    expect(() => parseToxic(text)).toThrow(message);
  });
});
