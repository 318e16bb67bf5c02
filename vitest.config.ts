import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["test/clients/**", "test/local/**", "**/node_modules/**"],
    // Two workers suit the smallest machine this runs on; sockets, not processors, are what the slow tests wait for.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});
