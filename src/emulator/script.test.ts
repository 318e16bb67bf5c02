import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  checkScript,
  loadScript,
  RuleBook,
  ScriptError,
  type MatchedRequest,
  type RuleConditions,
} from "./script.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "emulator-script-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function scriptFile(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const request: MatchedRequest = {
  path: "/v1/projects/p/locations/global/publishers/google/models/gemini-3.5-flash:generateContent",
  headers: { "x-test": "blue green" },
  body: '{"contents":[{"parts":[{"text":"weather in Paris"}]}]}',
  modelId: "gemini-3.5-flash",
  stream: false,
};

test.each<[RuleConditions, boolean]>([
  [{}, true],
  [{ model: "gemini-3.5-flash" }, true],
  [{ model: "gemini-3.5" }, false],
  [{ model: "gemini-3*" }, true],
  [{ model: "*flash" }, true],
  [{ model: "gemini*3.5*flash" }, true],
  [{ model: "gemini-3.5-flash*flash" }, false],
  [{ model: "*" }, true],
  [{ contains: "Paris" }, true],
  [{ contains: ["weather", "Paris"] }, true],
  [{ contains: ["weather", "Rome"] }, false],
  [{ path: ":generateContent" }, true],
  [{ path: ":countTokens" }, false],
  [{ header: { "X-Test": "green" } }, true],
  [{ header: { "x-test": "" } }, true],
  [{ header: { "x-other": "" } }, false],
  [{ stream: false, contains: "weather" }, true],
  [{ stream: true }, false],
])("%j matches: %j", (when, matches) => {
  const book = new RuleBook([{ when, then: { text: "yes" } }]);
  expect(book.match(request) !== undefined).toBe(matches);
});

test("nth counts the requests that meet the other conditions", () => {
  const book = new RuleBook([
    { when: { contains: "Paris", nth: [1, 3] }, then: { text: "first or third" } },
    { then: { text: "other" } },
  ]);
  const other = { ...request, body: "{}" };
  const said = [request, other, request, request].map((one) => book.match(one)?.text);
  expect(said).toEqual(["first or third", "other", "other", "first or third"]);
  book.clear();
  expect(book.match(request)).toBeUndefined();
});

test("YAML and JSON files are read alike", async () => {
  const yaml = await scriptFile(
    "a.yaml",
    "rules:\n  - name: busy\n    when: { model: gemini-3.5-flash, nth: 1 }\n    then: { error: { code: 503 } }\n",
  );
  const json = await scriptFile(
    "a.json",
    '{"rules":[{"name":"busy","when":{"model":"gemini-3.5-flash","nth":1},"then":{"error":{"code":503}}}]}',
  );
  expect(await loadScript(yaml)).toEqual(await loadScript(json));
});

test.each([
  [[], /script: expected a mapping/],
  [{}, /script\.rules: expected a value/],
  [{ rules: [{ when: {} }] }, /script\.rules\[0\]\.then: expected a value/],
  [{ rules: [{ then: { txt: "a" } }] }, /rules\[0\]\.then\.txt: no such field; known: thoughts, text/],
  [{ rules: [{ then: { error: { code: 200 } } }] }, /error\.code: expected a whole number from 400 to 599/],
  [
    { rules: [{ then: { error: { code: 503, status: "BUSY" } } }] },
    /error\.status: expected a google\.rpc status/,
  ],
  [{ rules: [{ then: { fault: "explode" } }] }, /then\.fault: unknown fault "explode"/],
  [{ rules: [{ then: { calls: [{ args: {} }] } }] }, /calls\[0\]\.name: expected a value/],
  [{ rules: [{ when: { nth: 0 }, then: {} }] }, /when\.nth: expected a whole number/],
  [JSON.parse('{"rules":[{"then":{"__proto__":{}}}]}'), /then\.__proto__: no such field/],
])("%j is refused", (script, says) => {
  expect(() => checkScript(script)).toThrow(ScriptError);
  expect(() => checkScript(script)).toThrow(says);
});

test("a file that cannot be read says which", async () => {
  await expect(loadScript(join(folder, "none.yaml"))).rejects.toThrow(/cannot read the script .*none\.yaml/);
  const broken = await scriptFile("broken.yaml", "rules: [}");
  await expect(loadScript(broken)).rejects.toThrow(/broken\.yaml is neither YAML nor JSON/);
});
