import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compileCacheFolder } from "./compile-cache-folder.ts";

const home = tmpdir();
const below = join("pollux", "compile-cache");

test.each([
  ["below the home folder", {}, "linux", join(home, ".cache", below)],
  ["where the desktop keeps caches", { XDG_CACHE_HOME: "/var/c" }, "linux", join("/var/c", below)],
  ["not at a relative path", { XDG_CACHE_HOME: "c" }, "linux", join(home, ".cache", below)],
  ["not at an empty path", { XDG_CACHE_HOME: "" }, "darwin", join(home, ".cache", below)],
  ["where Windows keeps caches", { LOCALAPPDATA: "/c/local" }, "win32", join("/c/local", below)],
  ["where NODE_COMPILE_CACHE has it already", { NODE_COMPILE_CACHE: "/c" }, "linux", undefined],
] as const)("%s", (_, env, platform, folder) => {
  expect(compileCacheFolder(env, platform, () => home)).toBe(folder);
});

test("nowhere for a user without a home", () => {
  expect(compileCacheFolder({}, "linux", () => join(home, "no-such-home"))).toBeUndefined();
  const unknown = (): string => {
    throw new Error("ENOENT");
  };
  expect(compileCacheFolder({}, "linux", unknown)).toBeUndefined();
});
