import { setImmediate as nextLook } from "node:timers/promises";
import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { ActiveCalls } from "./active-calls.ts";
import { turnFor } from "./large-work.ts";

const LARGE = Buffer.alloc(300_000);

test("a small body waits for nothing", () => {
  expect(turnFor(Buffer.from("{}"), new ActiveCalls())).toBeUndefined();
});

test("large ones take turns, in order, each after a look at the network", async () => {
  const seen: string[] = [];
  const active = new ActiveCalls();
  let over = false;
  const look = (): void => {
    seen.push("look");
    if (!over) setImmediate(look);
  };
  const steps = [1, 2, 3].map(async (step) => {
    await turnFor(LARGE, active);
    seen.push(`step ${step}`);
    await turnFor(LARGE, active);
    seen.push(`then ${step}`);
  });
  setImmediate(look);
  await Promise.all(steps);
  over = true;
  await nextLook();
  expect(seen.filter((text) => text !== "look")).toEqual([
    "step 1",
    "step 2",
    "step 3",
    "then 1",
    "then 2",
    "then 3",
  ]);
  for (const [index, text] of seen.entries())
    if (text !== "look") expect(seen[index + 1] ?? "look").toBe("look");
});

test("whose client has left gets no turn, and holds up nobody", async () => {
  const left = new ActiveCalls();
  const gone = new GatewayError({ kind: "client_closed" }, "The client left.");
  const turns = [turnFor(LARGE, left), turnFor(LARGE, new ActiveCalls())];
  left.end(gone);
  expect(await Promise.allSettled(turns)).toEqual([
    { status: "rejected", reason: gone },
    { status: "fulfilled", value: undefined },
  ]);
});
