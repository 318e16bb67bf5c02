import { expect, test } from "vitest";
import { checkLoopbackHost } from "./host-check.ts";

test.each([
  "localhost",
  "localhost:4364",
  "LOCALHOST:4364",
  "127.0.0.1",
  "127.0.0.1:80",
  "127.8.9.10:80",
  "[::1]",
  "[::1]:4364",
])("%s is this machine", (host) => {
  expect(() => checkLoopbackHost(host)).not.toThrow();
});

test.each([
  undefined,
  "",
  "evil.example",
  "evil.example:4364",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "127.0.0.1@evil.example",
  "127.0.0.1:80:80",
  "127.1",
  "0.0.0.0",
  "10.0.0.1",
  "[::]",
  "localhost:123456",
])("S-13 %s is not", (host) => {
  expect(() => checkLoopbackHost(host)).toThrowError(
    expect.objectContaining({ failure: { kind: "permission_denied", code: "host_not_allowed" } }) as Error,
  );
});
