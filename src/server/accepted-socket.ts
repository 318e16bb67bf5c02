/** The socket of an accepted connection, which hands out what it reads without allocating for it. */
import { Socket, type SocketConstructorOpts } from "node:net";
import { readBuffer } from "../wire/read-buffer.ts";

/** Not in the types of Node.js, and not promised: a socket may have neither. */
interface Accepted extends Socket {
  _handle?: unknown;
  /** Counts its sockets, and is closed when none is left. */
  _server?: unknown;
}

/**
 * Node.js lends the bytes that are read to those who make a socket (`onread`), but not to those who accept one; they get a new
 * buffer of 64 KiB for each read. So a socket is made anew around what the accepted one stands for.
 * @param accepted paused, and not to be used any further
 * @param onRead bytes 0 to `length` are lent: they are overwritten after the call
 */
export function acceptedSocket(
  accepted: Accepted,
  highWaterMark: number,
  onRead: (bytes: Buffer, length: number) => void,
): Socket {
  const { _handle: handle } = accepted;
  if (handle === undefined || handle === null) {
    return accepted.on("data", (bytes: Buffer) => onRead(bytes, bytes.length)).resume();
  }
  const { _server: server } = accepted;
  accepted._handle = null;
  accepted._server = null;
  accepted.destroy();
  const options = {
    handle,
    highWaterMark,
    allowHalfOpen: true,
    onread: {
      buffer: readBuffer(),
      callback: (length: number, bytes: Uint8Array): boolean => {
        onRead(bytes as Buffer, length);
        return true;
      },
    },
  };
  const socket: Accepted = new Socket(options as unknown as SocketConstructorOpts);
  socket._server = server;
  return socket;
}
