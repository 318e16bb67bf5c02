import { assert, property, record, array, constantFrom, string } from "fast-check";
import { expect, test } from "vitest";
import { toNotesHeader } from "./notes-header.ts";
import { Notes } from "./notes.ts";

test("nothing to say", () => {
  const notes = new Notes({ trace: true });
  notes.used("model", "model");
  expect(toNotesHeader(notes)).toBeUndefined();
});

test("fields are grouped by what became of them, each once, the worst first", () => {
  const notes = new Notes();
  notes.add("clamped", "reasoning-effort", "reasoning_effort", "Sent as LOW.");
  notes.add("ignored", "no-counterpart", "user", "Nothing alike.");
  notes.add("added", "modalities", "modalities", "Asked for images.");
  notes.add("ignored", "no-counterpart", "logit_bias", "Nothing alike.");
  notes.add("ignored", "no-counterpart", "user", "Nothing alike.");
  notes.add("approximated", "n", "n", "Two calls.");
  expect(toNotesHeader(notes)).toBe(
    "ignored: user, logit_bias; clamped: reasoning_effort; approximated: n; added: modalities",
  );
});

test("what does not fit is counted", () => {
  const notes = new Notes();
  for (let index = 0; index < 700; index += 1) {
    notes.add("ignored", "unknown-field", `field_number_${index}`, "Unknown.");
  }
  const header = toNotesHeader(notes) ?? "";
  const listed = header.split("; +")[0]?.split(", ").length ?? 0;
  expect(header.length).toBeLessThanOrEqual(2048);
  expect(listed).toBeGreaterThan(50);
  expect(header.endsWith(`; +${700 - listed} more`)).toBe(true);
});

test("a field name of the caller's cannot break out of the header", () => {
  const notes = new Notes();
  notes.add("ignored", "unknown-field", "x\r\nset-cookie: a=b; ü", "Unknown.");
  notes.add("ignored", "unknown-field", "y".repeat(1_000_000), "Unknown.");
  expect(toNotesHeader(notes)).toBe(`ignored: x??set-cookie??a?b???, ${"y".repeat(77)}...`);
});

test("any notes give at most 2 KB of visible ASCII", () => {
  const note = record({
    action: constantFrom("ignored" as const, "clamped" as const, "approximated" as const, "added" as const),
    field: string({ unit: "binary", maxLength: 200 }),
  });
  assert(
    property(array(note, { maxLength: 200 }), (list) => {
      const notes = new Notes();
      for (const { action, field } of list) {
        notes.add(action, "unknown-field", field, "Unknown.");
      }
      const header = toNotesHeader(notes);
      expect(header === undefined).toBe(list.length === 0);
      expect(header ?? "").toMatch(/^[\x20-\x7e]{0,2048}$/);
    }),
    { numRuns: 50 },
  );
});
