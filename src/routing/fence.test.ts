import { expect, test } from "vitest";
import { insideFence } from "./fence.ts";

test.each([
  { location: "europe-west1", locations: undefined, inside: true },
  { location: undefined, locations: undefined, inside: true },
  { location: "europe-west1", locations: ["europe-west1"], inside: true },
  { location: "europe-west1", locations: ["us", "europe-west1"], inside: true },
  { location: "eu", locations: ["eu"], inside: true },
  { location: "global", locations: ["eu", "global"], inside: true },
  { location: "europe-west1", locations: ["eu"], inside: false },
  { location: "eu", locations: ["europe-west1"], inside: false },
  { location: "us-central1", locations: ["us"], inside: false },
  { location: "global", locations: ["eu", "us"], inside: false },
  { location: undefined, locations: ["eu"], inside: false },
  { location: "EU", locations: ["eu"], inside: false },
  { location: "europe-west1", locations: ["europe-west12"], inside: false },
  { location: "europe-west1", locations: [], inside: false },
])("$location in $locations: $inside", ({ location, locations, inside }) => {
  expect(insideFence({ location }, locations)).toBe(inside);
});
