/** Where sockets put what they read. */

/** The largest TLS record is 16 KiB, and a plain socket rarely has more than 64 at once. */
const READ_BYTES = 64 * 1024;

const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * One buffer for the reads of all sockets: each read is wholly used before anything else can run. On Windows the system
 * fills a buffer while other sockets are read, so each needs its own there.
 */
export function readBuffer(): Buffer {
  return process.platform === "win32" ? Buffer.allocUnsafeSlow(READ_BYTES) : shared;
}
