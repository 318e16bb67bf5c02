import { describe, expect, test } from "vitest";
import {
  answerTo,
  assistant,
  firstCandidate,
  prompt,
  textOf,
  user,
} from "../../../test/emulator/answering.ts";
import { composeAnswer } from "./compose-answer.ts";
import { model } from "../../../test/emulator/answering.ts";

test.each([
  ["Say this is a test", "this is a test"],
  ["Say hello", "hello"],
  ["Say 'hi'", "hi"],
  ["Reply with exactly: pong", "pong"],
  ["Reply with the single word OK.", "OK"],
  ['Repeat after me: I like "tea" a lot', 'I like "tea" a lot'],
  ['Please say "Grüße, 世界!"', "Grüße, 世界!"],
  ["Respond with only the word yes", "yes"],
  ["Repeat the word na 3 times", "na na na"],
  ["Say hello to Bob", "Hello, Bob!"],
  ["Count to five", "1, 2, 3, 4, 5"],
  ["Count from 3 to 1", "3, 2, 1"],
  ['How many letters are in "strawberry"?', '"strawberry" has 10 letters.'],
  ["how many r's in strawberry?", 'The letter "r" occurs 3 times in "strawberry".'],
  ['Translate "good morning" to French', "Bonjour"],
  ["What is the capital of France?", "The capital of France is Paris."],
  ["Answer in one word: what is the capital of Japan?", "Tokyo"],
])("%s -> %s", (ask, answer) => {
  expect(answerTo(ask)).toBe(answer);
});

test.each([
  ["What is 12 * 7?", "84"],
  ["what is (3 + 4) * 2 - 1?", "13"],
  ["What is 15% of 80?", "12"],
  ["how much is 3 plus 4", "7"],
  ["square root of 144", "12"],
  ["Explain to me how AI works", "how AI works"],
  ["Why is the sky blue?", "why the sky is blue"],
  ["Write a story about a magic backpack.", "a magic backpack"],
  ["Tell me about tide tables in Bergen", "Bergen"],
  ["Who are you?", "Gemini 3.5 Flash"],
])("the answer to %s has %s in it", (ask, words) => {
  expect(answerTo(ask)).toContain(words);
});

test.each([
  ["My name is Ada.", "What is my name?", "Your name is Ada."],
  ["Hi, I'm Grace", "who am I?", "Your name is Grace."],
  [
    "Remember: my favourite colour is blue, and my dog is Rex.",
    "What's my favourite colour?",
    "Your favourite colour is blue.",
  ],
  ["The code word is swordfish.", "What is the code word?", "The code word is swordfish."],
  ["Tell me a joke", "What did I just say?", 'You said: "Tell me a joke"'],
  ["Hello", "What is my name?", "You have not told me your name yet."],
])("after %s, %s is answered", (first, second, answer) => {
  const request = { contents: [user(first), assistant("Noted."), user(second)] };
  expect(textOf(firstCandidate(request))).toBe(answer);
});

describe("form", () => {
  test("an explanation has several sentences, for streaming", () => {
    expect(answerTo("Explain how tides work").split(/[.] /).length).toBeGreaterThan(4);
  });

  test("a word count is kept to the word", () => {
    expect(answerTo("Write 50 words about tides").split(" ")).toHaveLength(50);
  });

  test("a list has as many points as were asked for", () => {
    expect(answerTo("Give me four ideas for a birthday party").split("\n")).toHaveLength(4);
    expect(answerTo("List 3 fruits").split("\n")).toHaveLength(3);
  });

  test.each([
    ["Answer in uppercase.", (text: string) => text === text.toUpperCase()],
    ["Always answer in lowercase.", (text: string) => text === text.toLowerCase()],
    ['End every answer with "Cheers!"', (text: string) => text.endsWith("Cheers!")],
    ['Start each reply with "Note:"', (text: string) => text.startsWith("Note:")],
    ["Answer in French.", (text: string) => text.includes("français")],
    ["You are a pirate.", (text: string) => text.startsWith("Arr!")],
    ["You are a careful librarian.", (text: string) => text.includes("careful librarian")],
  ])("the system instruction %s is obeyed or named", (system, obeyed) => {
    const text = answerTo("Explain how tides work", { systemInstruction: { parts: [{ text: system }] } });
    expect(text).toSatisfy(obeyed);
  });

  test("the system instruction can hold the fact asked for", () => {
    const systemInstruction = { parts: [{ text: "The secret number is 42." }] };
    expect(answerTo("What is the secret number?", { systemInstruction })).toBe("The secret number is 42.");
  });
});

describe("chance", () => {
  const ask = prompt("Write a story about a lighthouse");
  const seeded = (seed: number, temperature?: number): string =>
    textOf(
      firstCandidate({
        ...ask,
        generationConfig: { seed, ...(temperature !== undefined && { temperature }) },
      }),
    );

  test("the same request has the same answer", () => {
    expect(composeAnswer(structuredClone(ask), model)).toEqual(composeAnswer(ask, model));
  });

  test("a seed can change the wording, and temperature 0 leaves it no say", () => {
    expect(new Set([1, 2, 3, 4, 5].map((seed) => seeded(seed))).size).toBeGreaterThan(1);
    expect(new Set([1, 2, 3, 4, 5].map((seed) => seeded(seed, 0))).size).toBe(1);
  });

  test("candidates differ", () => {
    const { candidates } = composeAnswer({ ...ask, generationConfig: { candidateCount: 4 } }, model);
    expect(new Set(candidates.map(textOf)).size).toBe(4);
  });
});

test.each([
  "",
  "   ",
  "?",
  "\u0000",
  "🙂",
  "a".repeat(100_000),
  "my ".repeat(5000),
  '"'.repeat(3000),
  "say ".repeat(2000),
  "(".repeat(5000) + "1+1",
])("odd prompts get an answer in good time: %#", (ask) => {
  const started = performance.now();
  const candidate = firstCandidate({ contents: [user(ask)] });
  expect(candidate.finishReason).toBe("STOP");
  expect(performance.now() - started).toBeLessThan(2000);
});
