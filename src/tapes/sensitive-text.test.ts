import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KnownValues, SensitiveText } from "./sensitive-text.ts";
import { StandIns } from "./stand-ins.ts";

function taken(text: string, known: KnownValues = {}, standIns = new StandIns()): string {
  return new SensitiveText(known).replace(text, (kind, value) => standIns.for(kind, value));
}

const TOKEN = "A1b2C3d4E5f6G7h8I9j0K1l2";

describe("what must not be on a tape", () => {
  test.each([
    // Keys and tokens.
    ["key AIzaSyA-1234567890_1234567890123456789", "key [secret-1]"],
    ["AQ.Ab8RN6I_1234567890123456789", "[secret-1]"],
    ["token ya29.a0AfH6SNoMore-1234567", "token [secret-1]"],
    ["refresh 1//0gABCDEFGHIJKLMNOPQRSTUVWX", "refresh [secret-1]"],
    [`GOCSPX-${TOKEN}`, "[secret-1]"],
    ["123456789012-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com", "[secret-1]"],
    [`"sk-proj-${TOKEN}"`, '"[secret-1]"'],
    [
      `ghp_${TOKEN}, glpat-${TOKEN}, npm_${TOKEN}, hf_${TOKEN}`,
      "[secret-1], [secret-2], [secret-3], [secret-4]",
    ],
    ["AKIAIOSFODNN7EXAMPLE", "[secret-1]"],
    ["xoxb-123456789012-abcdef", "[secret-1]"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_DEF-123", "[secret-1]"],
    ["Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [secret-1]"],
    ["-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\nafter", "[secret-1]\nafter"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ and no end", "[secret-1]"],
    ["https://x.test/a?alt=sse&key=hush-hush&z=1", "https://x.test/a?alt=sse&key=[secret-1]&z=1"],
    ["https://b.test/o?X-Goog-Signature=abcdef0123", "https://b.test/o?X-Goog-Signature=[secret-1]"],
    ["postgres://user:hunter22@db/x", "postgres://[secret-1]@db/x"],
    // People.
    ["to alice.smith+x@corp.example.com.", "to person-1@example.com."],
    ["'ana@münchen.de'", "'person-1@example.com'"],
    ["?u=bob%40corp.com", "?u=person-1@example.com"],
    ["a@b.co, c@d.co, a@b.co", "person-1@example.com, person-2@example.com, person-1@example.com"],
    ["robot@my-proj.iam.gserviceaccount.com", "account-1@project-1.iam.gserviceaccount.com"],
    ["10.1.2.3:8080 and 2001:db8:85a3::8a2e:370:7334", "192.0.2.1:8080 and 2001:db8::1"],
    ["4111 1111 1111 1111 12/27", "4000 0000 0000 0010 12/27"],
    ["4111111111111111 is 4111-1111-1111-1111", "4000000000000010 is 4000-0000-0000-0010"],
    ["amex 378282246310005", "amex 400000000000014"],
    ["no. 12 5555 5555 5555 4444", "no. 12 4000 0000 0000 0010"],
    ["+49 171 2345678", "+15 550 0000001"],
    ["+1 (415) 555-2671!", "+1 (555) 000-0001!"],
    ["call 415-555-2671", "call 555-000-0001"],
    ["Tel. 030/1234567", "Tel. 055/5000001"],
    // Projects.
    ["projects/my-proj/locations/eu", "projects/project-1/locations/eu"],
    ["project_number:123456789", "project_number:project-1"],
    ['project "123456789012" is', 'project "project-1" is'],
  ])("%s", (text, expected) => {
    expect(taken(text)).toBe(expected);
  });

  test.each([
    "Version 1.2.3 of 2024-11-21 at 12:30:45, build 1732200000, costs 1,299.00",
    "127.0.0.1 and ::1 are here; 0.0.0.0 is everywhere",
    "std::vector<int> a; x = b ? c : d; @decorator def f(): pass",
    "1234567890123456 is no card, 3.14159265358979 is pi",
    "The project is late. projects are never done",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
  ])("stays: %s", (text) => {
    expect(taken(text)).toBe(text);
  });

  test("values in use, also where they look like nothing in particular", () => {
    const known = { secrets: ["hunter2-hunter2", "short"], projects: ["acme-prod"], patterns: [/EMP-\d+/g] };
    expect(taken("hunter2-hunter2 short acme-prod acme-prod-2 EMP-17 EMP-18 EMP-17", known)).toBe(
      "[secret-1] short project-1 acme-prod-2 [redacted-1] [redacted-2] [redacted-1]",
    );
  });

  test("an operator's pattern that finds nothing at every place is no trouble", () => {
    expect(taken("ab", { patterns: [/x*/g] })).toBe("ab");
  });
});

/** Values of each kind, whole. */
const value = fc.oneof(
  fc
    .tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[a-z]{2,8}$/))
    .map(([a, b]) => `${a}@${b}.org`),
  fc.nat(999_999).map((n) => `+49 171 2${String(n).padStart(6, "0")}`),
  fc.nat(9999).map((n) => `415-555-${String(n).padStart(4, "0")}`),
  fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.7`),
  fc.nat(0xffff).map((n) => `fe80::${n.toString(16)}`),
  fc.stringMatching(/^[A-Za-z0-9]{24}$/).map((key) => `sk-${key}`),
  fc.constantFrom("4111 1111 1111 1111", "5555555555554444", "4012-8888-8888-1881"),
  fc.stringMatching(/^[a-z]{4,8}$/).map((name) => `projects/${name}x/`),
  fc.stringMatching(/^[a-z]{4,8}$/).map((name) => `${name}@p.iam.gserviceaccount.com`),
);

const word = fc.oneof(value, fc.constantFrom("and", "(", "see", "is,", "then", "12/27", "\n", "über", "“"));

test("a text and the one with stand-ins compare the same, whatever numbers these had on the tape", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(value, { maxLength: 5 }), (words, before) => {
      // Numbers with nothing but a space between them can be read in several ways.
      const text = words.join("; ");
      const tape = new StandIns();
      taken(before.join("; "), {}, tape);
      const recorded = taken(text, {}, tape);
      expect(taken(recorded)).toBe(taken(text));
      for (const found of words.filter((candidate) => /@|\d{4}|sk-/.test(candidate))) {
        if (found.length > 8) expect(recorded).not.toContain(found);
      }
    }),
    { numRuns: 500 },
  );
});

describe("stand-ins", () => {
  test("give the value back, in the shape of where it stands", () => {
    const standIns = new StandIns();
    expect(standIns.for("card", "4111 1111 1111 1111")).toBe("4000 0000 0000 0010");
    expect(standIns.numberOf("card", "4111-1111-1111-1111")).toBe(1);
    expect(standIns.valueOf("card", 1, "4000000000000010")).toBe("4111111111111111");
    expect(standIns.valueOf("card", 2, "x")).toBeUndefined();
    expect(standIns.numberOf("email", "a@b.co")).toBeUndefined();
  });

  test("are different for as many values as there are", () => {
    const standIns = new StandIns();
    const seen = new Set(
      Array.from({ length: 1000 }, (_, at) => standIns.for("ipv4", `10.0.${at >> 8}.${at & 255}`)),
    );
    expect(seen.size).toBe(1000);
    const phones = Array.from({ length: 1000 }, (_, at) =>
      standIns.for("phone", `+49 171 2${String(at).padStart(6, "0")}`),
    );
    expect(new Set(phones).size).toBe(1000);
  });
});

test("long texts take time in proportion to their length", () => {
  const text = new SensitiveText({ secrets: ["hunter2-hunter2"], projects: ["acme-prod"] });
  for (const piece of [
    "a",
    "1",
    "1 ",
    "a.",
    "a@",
    ":",
    "+4",
    "0",
    "x:",
    "a%",
    "project ",
    "?key=a&",
    "eyJ",
    "(",
  ]) {
    const long = piece.repeat(200_000);
    const startedAt = performance.now();
    text.find(long);
    // Quadratic would be minutes.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  }
});
