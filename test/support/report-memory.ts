/** Loaded before a program that is watched: tells its parent the most memory it ever held, in bytes, when asked. */
process.on("message", () => process.send?.(process.resourceUsage().maxRSS * 1024));
// Listening for questions is no reason to stay alive.
process.channel?.unref();
