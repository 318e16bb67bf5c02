import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rendezvousScore, stickyKeyOf } from "./sticky.ts";

const conversation = [
  { role: "system", content: "You are terse." },
  { role: "user", content: "What is a quasar?" },
];

const withImage = (letter: string) => ({
  messages: [
    {
      role: "user",
      content: [
        {
          type: "image_url",
          image_url: {
            url: `data:image/png;base64,${"A".repeat(5e4)}${letter.repeat(900)}${"A".repeat(5e4)}`,
          },
        },
      ],
    },
  ],
});

describe("stickyKeyOf", () => {
  test.each([
    { body: { prompt_cache_key: "tenant-7" }, mode: "prompt_cache_key", key: "tenant-7" },
    { body: { prompt_cache_key: "" }, mode: "prompt_cache_key", key: undefined },
    { body: { prompt_cache_key: 7 }, mode: "prompt_cache_key", key: undefined },
    { body: {}, mode: "prompt_cache_key", key: undefined },
    { body: { prompt_cache_key: "tenant-7", messages: conversation }, mode: "off", key: undefined },
    { body: {}, mode: "conversation", key: undefined },
    { body: { messages: "none" }, mode: "conversation", key: undefined },
    { body: { messages: [] }, mode: "conversation", key: undefined },
    { body: { messages: [null, 7, "x", { role: "system" }] }, mode: "conversation", key: undefined },
    { body: { messages: [{ role: "system", content: "only" }] }, mode: "conversation", key: undefined },
  ] as const)("$mode of $body is $key", ({ body, mode, key }) => {
    expect(stickyKeyOf(body, mode)).toBe(key);
  });

  test("what is not the body's own is no key", () => {
    const inherited = Object.create({ prompt_cache_key: "inherited", messages: conversation }) as Record<
      string,
      unknown
    >;
    expect(stickyKeyOf(inherited, "prompt_cache_key")).toBeUndefined();
    expect(stickyKeyOf(inherited, "conversation")).toBeUndefined();
  });

  test("a conversation keeps its key while it grows", () => {
    const key = stickyKeyOf({ messages: conversation }, "conversation");
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    const later = [
      ...conversation,
      { role: "assistant", content: "A bright galactic core." },
      { role: "user", content: "How bright?" },
    ];
    expect(stickyKeyOf({ messages: later, temperature: 0 }, "conversation")).toBe(key);
  });

  test.each([
    { change: "other instructions", messages: [{ role: "system", content: "Be chatty." }, conversation[1]] },
    {
      change: "another question",
      messages: [conversation[0], { role: "user", content: "What is a pulsar?" }],
    },
    { change: "no instructions", messages: [conversation[1]] },
    {
      change: "an image besides",
      messages: [
        conversation[0],
        {
          role: "user",
          content: [
            { type: "text", text: "What is a quasar?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
          ],
        },
      ],
    },
  ])("$change: another key", ({ messages }) => {
    expect(stickyKeyOf({ messages }, "conversation")).not.toBe(
      stickyKeyOf({ messages: conversation }, "conversation"),
    );
  });

  test("two images of one size have two keys", () => {
    expect(stickyKeyOf(withImage("B"), "conversation")).not.toBe(stickyKeyOf(withImage("C"), "conversation"));
  });

  test("reads a bounded part of a large body, whatever is in it, and changes nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.jsonValue({ maxDepth: 4 }), (messages, content) => {
        const body = { messages, prompt_cache_key: content };
        const before = JSON.stringify(body);
        stickyKeyOf(body, "conversation");
        stickyKeyOf({ messages: [{ role: "user", content }] }, "conversation");
        stickyKeyOf(body, "prompt_cache_key");
        expect(JSON.stringify(body)).toBe(before);
      }),
    );
    const huge = "x".repeat(20_000_000);
    const parts = Array.from({ length: 10_000 }, () => ({ type: "text", text: huge }));
    const started = performance.now();
    expect(stickyKeyOf({ prompt_cache_key: huge }, "prompt_cache_key")?.length).toBeLessThan(3_000);
    stickyKeyOf({ messages: [{ role: "user", content: parts }] }, "conversation");
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("rendezvousScore", () => {
  const targets = [
    { id: "main/gemini@eu", weight: 1 },
    { id: "main/gemini@us", weight: 2 },
    { id: "keys/gemini", weight: 5 },
  ];
  const homeOf = (key: string, among: typeof targets) =>
    [...among].sort((a, b) => rendezvousScore(key, b.id, b.weight) - rendezvousScore(key, a.id, a.weight))[0]
      ?.id;
  const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}`);

  test("each target holds its weight's share of the keys", () => {
    for (const { id, weight } of targets) {
      const share = keys.filter((key) => homeOf(key, targets) === id).length / keys.length;
      expect(Math.abs(share - weight / 8)).toBeLessThan(0.015);
    }
  });

  test("only the keys of a target that is gone move, and they spread over the others by weight", () => {
    const left = targets.slice(0, 2);
    const moved = keys.filter((key) => homeOf(key, targets) === "keys/gemini");
    for (const key of keys) {
      if (homeOf(key, targets) !== "keys/gemini") expect(homeOf(key, left)).toBe(homeOf(key, targets));
    }
    const share = moved.filter((key) => homeOf(key, left) === "main/gemini@us").length / moved.length;
    expect(Math.abs(share - 2 / 3)).toBeLessThan(0.02);
  });
});
