import { expect, test } from "vitest";
import { type Handlers, Link, LinkLost } from "./link.ts";

type Asked = {
  double: { body: number; answer: number };
  note: { body: string; answer: void };
};
type Nothing = Record<never, never>;

/** One end that asks, and one that answers, over a copy of each message, as between processes. */
function linked(handlers: Handlers<Asked>): { asks: Link<Asked, Nothing>; sent: unknown[] } {
  const sent: unknown[] = [];
  const answers: Link<Nothing, Asked> = new Link<Nothing, Asked>(
    (message) => asks.take(structuredClone(message)),
    handlers,
  );
  const asks: Link<Asked, Nothing> = new Link<Asked, Nothing>((message) => {
    sent.push(message);
    answers.take(structuredClone(message));
  }, {});
  return { asks, sent };
}

test("answers find those who asked, in whatever order they come", async () => {
  const waiting: (() => void)[] = [];
  const { asks } = linked({
    double: (number) => new Promise((resolve) => waiting.push(() => resolve(2 * number))),
    note: () => {},
  });
  const doubled = [asks.ask("double", 1, 1_000), asks.ask("double", 2, 1_000)];
  for (const answer of waiting.toReversed()) answer();
  expect(await Promise.all(doubled)).toEqual([2, 4]);
});

test("what is told is heard in order, and nobody waits for it", () => {
  const heard: string[] = [];
  const { asks } = linked({ double: () => 0, note: (text) => void heard.push(text) });
  asks.tell("note", "one");
  asks.tell("note", "two");
  expect(heard).toEqual(["one", "two"]);
});

test("an error keeps its name, message and code, by which the command line knows it", async () => {
  const error = Object.assign(new Error("listen EADDRINUSE"), { name: "SettingsError", code: "EADDRINUSE" });
  const { asks } = linked({
    double: () => {
      throw error;
    },
    note: () => {},
  });
  await expect(asks.ask("double", 1, 1_000)).rejects.toMatchObject({
    name: "SettingsError",
    message: "listen EADDRINUSE",
    code: "EADDRINUSE",
  });
});

test("who waits for an end that is silent, or gone, is told", async () => {
  const { asks, sent } = linked({ double: () => new Promise(() => {}), note: () => {} });
  await expect(asks.ask("double", 1, 20)).rejects.toThrow(LinkLost);
  const waiting = asks.ask("double", 1, 60_000);
  asks.lose();
  await expect(waiting).rejects.toThrow("The other process has ended.");
  // From then on nothing is sent.
  const before = sent.length;
  asks.tell("note", "one");
  await expect(asks.ask("double", 1, 60_000)).rejects.toThrow(LinkLost);
  expect(sent).toHaveLength(before);
});

test("messages of others pass by", () => {
  const { asks } = linked({ double: () => 0, note: () => {} });
  for (const message of ["text", 5, { kind: "other" }, {}]) asks.take(message);
});
