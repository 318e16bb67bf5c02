import { expect, test } from "vitest";
import { toLogprobs } from "./logprobs.ts";

test("tokens with their bytes and alternatives", () => {
  expect(
    toLogprobs({
      chosenCandidates: [{ token: "é", logProbability: -0.5 }, { token: "!" }],
      topCandidates: [{ candidates: [{ token: "e", logProbability: -0.1 }] }],
    }),
  ).toEqual({
    content: [
      {
        token: "é",
        logprob: -0.5,
        bytes: [195, 169],
        top_logprobs: [{ token: "e", logprob: -0.1, bytes: [101] }],
      },
      { token: "!", logprob: 0, bytes: [33], top_logprobs: [] },
    ],
    refusal: null,
  });
});

test.each([[-Infinity], ["-Infinity"], [-1e300], [Number.NaN], [Infinity], [null]])(
  "%s is JSON's -9999",
  (given) => {
    const logprobs = toLogprobs({ chosenCandidates: [{ token: "a", logProbability: given }] });
    expect(logprobs?.content?.[0]?.logprob).toBe(-9999);
  },
);

test("an alternative list that cannot be read keeps its place", () => {
  const logprobs = toLogprobs({
    chosenCandidates: [{ token: "a" }, { token: "b" }],
    topCandidates: [null, { candidates: [{ token: "x" }] }],
  });
  expect(logprobs?.content?.map((entry) => entry.top_logprobs.length)).toEqual([0, 1]);
});

test.each([[undefined], [null], [{}], [{ chosenCandidates: [] }], [{ chosenCandidates: "x" }]])(
  "none in %j",
  (given) => {
    expect(toLogprobs(given)).toBeNull();
  },
);
