import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: ["test/clients/**", "test/local/**", "**/node_modules/**"],
    // Two workers suit the smallest machine this runs on; sockets, not processors, are what the slow tests wait for.
    maxWorkers: 2,
    // A machine that does other things may be ten times as slow; a test that hangs still ends.
    testTimeout: 60_000,
  },
});
