import type { ServerResponse } from "node:http";
import type { Awaited, Deadlines } from "./deadlines.ts";

/**
 * Lets go of a client that does not take an answer which was written in one go. Without it the connection would stay
 * for ever: node:http's own timeouts are for requests, and for connections between two of them.
 * @param longestMs from the end of the answer to its last byte being taken; 0: no limit
 */
export function letGoIfUnread(response: ServerResponse, deadlines: Deadlines, longestMs: number): void {
  if (longestMs === 0) return;
  response.once("prefinish", () => {
    if (response.writableLength > 0) watch(response, deadlines, longestMs);
  });
}

function watch(response: ServerResponse, deadlines: Deadlines, longestMs: number): void {
  let dueAt = performance.now() + longestMs;
  const unread: Awaited = {
    check: (now) => {
      const { socket } = response;
      if (now < dueAt) return;
      // Not its turn yet, or written while the socket was looked for: its time begins with its turn.
      if (socket === null) dueAt = now + longestMs;
      else socket.resetAndDestroy();
    },
  };
  deadlines.add(unread);
  const done = (): void => deadlines.delete(unread);
  response.once("close", done);
  response.req.socket.once("close", done);
}
