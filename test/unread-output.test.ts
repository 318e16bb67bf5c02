/** Commands whose output nobody reads to its end, as with `pollux … | head`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { cleanEnvironment, ROOT } from "./support/shell.ts";

function pollux(...argv: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(ROOT, "src/cli/main.ts"), ...argv], {
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test.each(["models", "models --json", "--help"])("%s ends as if it had been read", async (line) => {
  const child = pollux(...line.split(" "));
  child.stdout?.destroy();
  const said = text(child.stderr!);
  const [code] = (await once(child, "exit")) as [number | null];
  expect({ code, said: await said }).toEqual({ code: 0, said: "" });
});

test("a gateway whose banner and log nobody reads goes on answering", async () => {
  const child = pollux("serve", "--port", "0");
  const url = await new Promise<string>((resolve, reject) => {
    let printed = "";
    child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      printed += piece;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
  });
  child.stdout?.destroy();
  child.stderr?.destroy();
  const ask = async (): Promise<number> => {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "gemini-2.5-flash", messages: [{ role: "user", content: "Hello" }] }),
    });
    await answer.text();
    return answer.status;
  };
  // Lines of the log are gathered for 100 ms: several times it is written where nobody reads it.
  for (const end = performance.now() + 400; performance.now() < end;) expect(await ask()).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});
