import { expect, test } from "vitest";
import { PRIVATE_NAMES, PRIVATE_V4, PRIVATE_V6 } from "../../test/support/address-spellings.ts";
import { isPublicAddress, isPublicName } from "./public-address.ts";

test.each([...PRIVATE_V4, ...PRIVATE_V6])("S-18 %s is not on the public internet", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(PRIVATE_V4)("S-18 %s is not either where it stands in an address of version 6", (address) => {
  for (const prefix of ["::ffff:", "::", "::ffff:0:", "64:ff9b::", "64:ff9b:1::"]) {
    expect(isPublicAddress(prefix + address)).toBe(false);
  }
});

test.each([
  "8.8.8.8",
  "1.1.1.1",
  "142.250.185.78",
  "172.15.255.255",
  "172.32.0.1",
  "100.63.255.255",
  "100.128.0.1",
  "2606:4700:4700::1111",
  "2a00:1450:4001:81d::200e",
  "2001:4860:4860::8888",
])("%s is", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  "",
  "8.8.8",
  "010.0.0.1",
  "0x8.8.8.8",
  "134744072",
  "::1%lo",
  "8.8.8.8.",
  " 8.8.8.8",
  "fe80::1%1",
  "a.b",
])("S-18 %j is not an address as resolvers write them", (text) => {
  expect(isPublicAddress(text)).toBe(false);
});

test("S-18 names of machines and of networks", () => {
  for (const name of PRIVATE_NAMES) {
    const { hostname } = new URL(`http://${name}/`);
    expect([name, isPublicName(hostname.replace(/\.$/, ""))]).toEqual([name, false]);
  }
  for (const name of ["example.com", "storage.googleapis.com", "internal.example", "local.example.org"]) {
    expect(isPublicName(name)).toBe(true);
  }
});
