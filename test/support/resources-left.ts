/** Run as a process: a gateway serves clients with every bad habit, is closed, and what the process still holds is printed. */
import { serve, readConfig } from "../../src/serve.ts";
import { drip, postText, rawClient, type RawClient } from "./raw-clients.ts";

const ASK = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "Repeat after me: foghorn" }],
};
const server = await serve(readConfig({ PORT: "0" }).config, {
  reportBug: (error) => console.error(error),
  emulator: { paceMs: 1 },
  drainMs: 200,
});
const before = process.getActiveResourcesInfo().length;

const asking = async (body: object, fault: string): Promise<RawClient> => {
  const client = await rawClient(server.url, { allowHalfOpen: true });
  client.socket.write(postText(body, { headers: { "x-emulator-fault": fault } }));
  return client;
};
const stream = { ...ASK, stream: true };
const clients = [
  await asking(stream, "stall-after=1"),
  await asking(ASK, "hang"),
  await asking(stream, "hang"),
  await asking(stream, "slow=20"),
  await asking(ASK, "status=503"),
  await asking(stream, "cut-after-bytes=10"),
];
const half = [await asking(ASK, "hang"), await asking(stream, "stall-after=1")];
const idle = [await rawClient(server.url), await rawClient(server.url, { paused: true })];
const slow = await rawClient(server.url);
slow.socket.write(postText("", { length: 1000 }));
void drip(slow, " ".repeat(1000), 1, 20);
await new Promise((resolve) => setTimeout(resolve, 300));
for (const { socket } of half) socket.end();
clients[0]!.socket.destroy();
clients[1]!.socket.resetAndDestroy();
await new Promise((resolve) => setTimeout(resolve, 300));
const during = process.getActiveResourcesInfo().length;
await server.close();
for (const { socket } of [...clients, ...half, ...idle, slow]) socket.destroy();
// Sockets and timers that are done with are told of a turn later; the shared timer of deadlines stops at its next look.
await new Promise((resolve) => setTimeout(resolve, 500));
console.log(JSON.stringify({ before, during, after: process.getActiveResourcesInfo() }));
