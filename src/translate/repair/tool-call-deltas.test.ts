import { expect, test } from "vitest";
import { Repairs } from "./repairs.ts";
import { ToolCallDeltas } from "./tool-call-deltas.ts";

type Json = Record<string, unknown>;

/** `index id name arguments`, with `-` for what is missing; several in one delta are separated by `|`. */
function deltasOf(line: string): Json[] {
  return line.split("|").map((text) => {
    const [index = "-", id = "-", name = "-", args = "-"] = text.trim().split(" ");
    return {
      ...(index === "-" ? {} : { index: Number(index) }),
      ...(id === "-" ? {} : { id }),
      type: "function",
      function: { ...(name === "-" ? {} : { name }), ...(args === "-" ? {} : { arguments: args }) },
    };
  });
}

/** Each call as `id name arguments`, joined as a client joins them. */
function joined(lines: readonly string[]): string[] {
  let minted = 0;
  const deltas = new ToolCallDeltas(() => `m${(minted += 1)}`, new Repairs());
  const calls: string[][] = [];
  for (const line of lines) {
    for (const { index, id, function: called } of deltas.push(deltasOf(line)) as Json[]) {
      const call = (calls[index as number] ??= ["", "", ""]);
      const { name, arguments: args } = called as { name?: string; arguments?: string };
      call[0] += (id as string | undefined) ?? "";
      call[1] += name ?? "";
      call[2] += args ?? "";
    }
  }
  return calls.map((call) => call.join(" "));
}

test.each([
  ["one call in pieces", ["0 a f -", "0 - - {", "0 - - }"], ["a f {}"]],
  ["pieces without a number", ["- a f {", "- - - }"], ["a f {}"]],
  ["two calls without numbers", ["- a f {}", "- b g {}"], ["a f {}", "b g {}"]],
  ["two calls in one delta", ["- a f {} | - b f {}"], ["a f {}", "b f {}"]],
  ["without any mark but the name", ["- - f {} | - - f {}", "- - f {}"], ["m1 f {}", "m2 f {}", "m3 f {}"]],
  ["the same id for all", ["- a f {}", "- a g {}", "- a g {}"], ["a f {}", "m1 g {}", "m2 g {}"]],
  ["the same number for all", ["0 a f {}", "0 b f {", "0 - - }"], ["a f {}", "b f {}"]],
  ["the same number, pieces told by id", ["0 a f {", "0 b f {", "0 a - }", "0 b - }"], ["a f {}", "b f {}"]],
  ["numbers from 1", ["1 a f {}", "2 b f {}"], ["a f {}", "b f {}"]],
  ["numbers with a gap", ["0 a f {}", "5 b f {", "5 - - }"], ["a f {}", "b f {}"]],
  ["interleaved by number", ["0 a f {", "1 b f {", "0 - - }", "1 - - }"], ["a f {}", "b f {}"]],
  ["interleaved by id", ["- a f {", "- b f {", "- a - }", "- b - }"], ["a f {}", "b f {}"]],
  ["named in every delta", ["0 a f {", "0 a f }", "0 a f "], ["a f {}"]],
  ["named in every delta, without number and id", ["- - f {", "- - f }"], ["m1 f {}"]],
  ["an id after the name", ["- - f {", "- a - }"], ["m1 f {}"]],
  ["arguments before the name", ["0 - - {", "0 a f }"], ["a f {}"]],
  ["another call while one waits for its name", ["0 - - {", "1 b g {}", "0 a f }"], ["b g {}", "a f {}"]],
])("%s", (_, lines, calls) => {
  expect(joined(lines)).toEqual(calls);
});
