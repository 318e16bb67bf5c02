/** The shapes that `src` assumes of the library are those it declares; `tsc` is what fails here. */
import { Template } from "@huggingface/jinja";
import * as llama from "node-llama-cpp";
import { expect, test } from "vitest";
import type { LlamaLibrary } from "../../src/upstreams/local/llama-library.ts";

const library: LlamaLibrary = { ...llama, Template };

test("has the parts that are used", () => {
  expect([
    library.getLlama,
    library.LlamaGrammarEvaluationState,
    library.TokenBias.for,
    library.Template,
  ]).toEqual(Array.from({ length: 4 }, () => expect.any(Function)));
});
