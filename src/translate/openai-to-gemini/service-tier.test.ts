import { expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { toServiceTier } from "./service-tier.ts";

function vertexHeaders(tier: string): Record<string, string> {
  return { "X-Vertex-AI-LLM-Request-Type": "shared", "X-Vertex-AI-LLM-Shared-Request-Type": tier };
}

test.each([
  { surface: "vertex" as const, tier: undefined, serviceTier: undefined, headers: {}, notes: [] },
  { surface: "vertex" as const, tier: null, serviceTier: undefined, headers: {}, notes: [] },
  { surface: "vertex" as const, tier: "auto", serviceTier: undefined, headers: {}, notes: [] },
  { surface: "gemini-api" as const, tier: "default", serviceTier: undefined, headers: {}, notes: [] },
  { surface: "gemini-api" as const, tier: "standard", serviceTier: undefined, headers: {}, notes: [] },
  {
    surface: "vertex" as const,
    tier: "flex",
    serviceTier: undefined,
    headers: vertexHeaders("flex"),
    notes: [],
  },
  {
    surface: "vertex" as const,
    tier: "priority",
    serviceTier: undefined,
    headers: vertexHeaders("priority"),
    notes: [],
  },
  { surface: "gemini-api" as const, tier: "flex", serviceTier: "flex", headers: {}, notes: [] },
  {
    surface: "vertex" as const,
    tier: "scale",
    serviceTier: undefined,
    headers: {},
    notes: ["ignored service_tier"],
  },
  {
    surface: "gemini-api" as const,
    tier: "fast",
    serviceTier: undefined,
    headers: {},
    notes: ["ignored service_tier"],
  },
])("$surface $tier", ({ surface, tier, serviceTier, headers, notes }) => {
  const context = contextFor("gemini-3.5-flash", surface);
  expect(toServiceTier({ service_tier: tier }, context)).toEqual({ serviceTier, headers });
  expect(noted(context)).toEqual(notes);
});

test.each(["cheap", "flex\r\nx: y", 5, ""])("%j is refused", (tier) => {
  expect(() => toServiceTier({ service_tier: tier }, contextFor())).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param: "service_tier" } }),
  );
});
