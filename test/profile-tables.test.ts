/** What `npm run profile` makes of V8's profiles. */
import { expect, test } from "vitest";
import { liveBytes, selfTimes, topOf } from "../bench/profile-tables.ts";

const frame = (functionName: string, url = "", lineNumber = 0) => ({ functionName, url, lineNumber });

test("processor time is that of the samples between two times, without the idle ones", () => {
  const profile = {
    nodes: [
      { id: 1, callFrame: frame("(idle)") },
      { id: 2, callFrame: frame("parse", "file:///home/me/pollux/src/wire/sse.ts", 9) },
      { id: 3, callFrame: frame("", "file:///home/me/pollux/node_modules/undici/lib/core.js", 0) },
    ],
    startTime: 1_000,
    samples: [2, 2, 1, 3, 2],
    timeDeltas: [10, 100, 40, 50, 1_000],
  };
  const { functions, files, total, idleMicros } = selfTimes(profile, 1_050, 1_300);
  expect([...functions]).toEqual([
    ["parse  src/wire/sse.ts:10", 100],
    ["(anonymous)  node_modules/undici/lib/core.js:1", 50],
  ]);
  expect([...files.keys()]).toEqual(["src/wire/sse.ts", "node_modules/undici/lib/core.js"]);
  expect([total, idleMicros]).toEqual([150, 40]);
  expect(topOf(functions, total, 1)).toBe(" 66.7 %  parse  src/wire/sse.ts:10");
});

test("memory is that of every node of the tree, by who allocated it", () => {
  const leaf = { callFrame: frame("read", "node:fs", 4), selfSize: 30, children: [] };
  const head = {
    callFrame: frame("(root)"),
    selfSize: 0,
    children: [leaf, { callFrame: frame("main"), selfSize: 10, children: [leaf] }],
  };
  const { functions, files, total } = liveBytes({ head });
  expect(total).toBe(70);
  expect(Object.fromEntries(functions)).toEqual({ "read  node:fs:5": 60, main: 10 });
  expect(Object.fromEntries(files)).toEqual({ "node:fs": 60, main: 10 });
});
