/** Finds secrets and personal data in texts. Each stand-in is found where its value was: what is on a tape can be compared with a request. */
import { isIPv6 } from "node:net";
import { isLuhnValid, type SensitiveKind } from "./stand-ins.ts";

export interface Finding {
  kind: SensitiveKind;
  start: number;
  end: number;
}

/** Is in no text that a rule looks for. */
const MASK = "\0";

interface Rule {
  kind: SensitiveKind;
  pattern: RegExp;
  accepts?: (text: string) => boolean;
}

/** Shorter words would be found in any text. */
const LEAST_SECRET_LENGTH = 8;
const LEAST_PROJECT_LENGTH = 4;

/** Forms of keys and tokens that their issuers document, so that scanners can find them. */
const TOKENS = [
  // Google: API keys, access and refresh tokens, client secrets, OAuth clients.
  "AIza[\\w-]{20,}",
  "AQ\\.[\\w-]{20,}",
  "ya29\\.[\\w.-]{8,}",
  "1\\/\\/[\\w-]{20,}",
  "GOCSPX-[\\w-]{16,}",
  "\\d+-[a-z0-9]{20,}\\.apps\\.googleusercontent\\.com",
  // Others.
  "sk-[\\w-]{16,}",
  "gh[pousr]_[A-Za-z0-9]{20,}",
  "github_pat_\\w{20,}",
  "glpat-[\\w-]{16,}",
  "xox[abeoprs]-[\\w-]{10,}",
  "(?:AKIA|ASIA)[0-9A-Z]{16}",
  "hf_[A-Za-z0-9]{20,}",
  "npm_[A-Za-z0-9]{20,}",
  // JSON web tokens.
  "eyJ[\\w-]{8,}\\.[\\w-]{8,}(?:\\.[\\w-]*)?",
].join("|");

const SECRET_PARAMETERS =
  "key|api_?key|access_token|refresh_token|id_token|token|client_secret|password|sig|signature|x-goog-signature|x-goog-credential|x-amz-signature|x-amz-credential|x-amz-security-token";

const LOCAL = "[\\p{L}\\p{N}._%+-]";
const DOMAIN = "(?:[\\p{L}\\p{N}][\\p{L}\\p{N}-]{0,62}\\.){1,8}\\p{L}{2,63}";
const OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";

/** In the order in which they win. */
const RULES: readonly Rule[] = [
  { kind: "secret", pattern: /\[secret-\d{1,9}\]/g },
  { kind: "redacted", pattern: /\[redacted-\d{1,9}\]/g },
  {
    kind: "secret",
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  },
  { kind: "secret", pattern: new RegExp(`(?<![\\w-])(?:${TOKENS})`, "g") },
  { kind: "secret", pattern: /(?<=\bBearer\s+)[\w.~+/-]{16,}=*/gi },
  { kind: "secret", pattern: new RegExp(`(?<=[?&](?:${SECRET_PARAMETERS})=)[^&#\\s"'<>\\\\[\\0]{4,}`, "gi") },
  { kind: "secret", pattern: /(?<=\w:\/\/)[^\s/:@[\0]{1,64}:[^\s/@[\0]{1,128}(?=@)/g },
  { kind: "account", pattern: /(?<![\w.-])[\w.-]{1,128}@[\w.-]{1,100}\.gserviceaccount\.com/g },
  { kind: "email", pattern: new RegExp(`(?<!${LOCAL})${LOCAL}{1,64}(?:@|%40)${DOMAIN}`, "gu") },
  {
    kind: "ipv4",
    pattern: new RegExp(`(?<![\\w.])${OCTET}(?:\\.${OCTET}){3}(?!\\.?\\w)`, "g"),
    accepts: (text) => !/^(?:127\.|0\.0\.0\.0$|255\.255\.255\.255$)/.test(text),
  },
  {
    kind: "ipv6",
    pattern: /(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])/g,
    accepts: (text) => isIPv6(text) && text !== "::" && text !== "::1",
  },
  // Before phone numbers, since parts of a card number may look like one. Grouped as cards are, or not at all.
  ...[
    "\\d{12,18}",
    "\\d{3}([ -])\\d{4}\\1\\d{4}\\1\\d{4}",
    "\\d{3}([ -])\\d{6}\\1\\d{4,5}",
    "\\d{3}(?:([ -])\\d{4}){3}\\1\\d{3}",
  ].map((rest): Rule => ({
    kind: "card",
    pattern: new RegExp(`(?<![\\w+.])[2-6]${rest}(?!\\w)`, "g"),
    accepts: (text) => isLuhnValid(text.replace(/\D/g, "")),
  })),
  { kind: "phone", pattern: /(?<![\w+])(?:\+|00)[1-9](?:(?:[ ./-]|\) ?| ?\()?\d){7,14}(?!\d)/g },
  { kind: "phone", pattern: /(?<![\w+.,-])\(?[2-9]\d{2}(?:\) ?|[ .-])\d{3}[ .-]\d{4}(?![\w-])/g },
  {
    kind: "phone",
    pattern: /(?<![\w+.,:/-])\(?0[1-9]\d{1,4}(?:\) ?|[ /-])\d{3,9}(?:[ -]\d{2,6}){0,3}(?![\w-])/g,
    accepts: (text) => text.replace(/\D/g, "").length >= 8,
  },
  { kind: "project", pattern: /(?<=\bprojects\/)[A-Za-z0-9][\w.:-]{0,99}/g },
  { kind: "project", pattern: /(?<=\bproject_number:|\bproject (?:number )?["'`]?)\d{6,}/g },
  { kind: "project", pattern: /(?<![\w-])project-\d{1,9}(?![\w-])/g },
];

export interface KnownValues {
  /** Keys and tokens in use. */
  secrets?: readonly string[];
  /** Project ids in use. */
  projects?: readonly string[];
  /** What the operator wants left out besides; global. */
  patterns?: readonly RegExp[];
}

export class SensitiveText {
  readonly #rules: readonly Rule[];

  constructor({ secrets = [], projects = [], patterns = [] }: KnownValues = {}) {
    const rules: Rule[] = [];
    const longSecrets = secrets.filter(({ length }) => length >= LEAST_SECRET_LENGTH);
    if (longSecrets.length > 0) rules.push({ kind: "secret", pattern: anyOf(longSecrets) });
    rules.push(...RULES.slice(0, 2));
    for (const pattern of patterns) rules.push({ kind: "redacted", pattern });
    rules.push(...RULES.slice(2));
    const longProjects = projects.filter(({ length }) => length >= LEAST_PROJECT_LENGTH);
    if (longProjects.length > 0) {
      rules.push({ kind: "project", pattern: anyOf(longProjects, "(?<![\\w-])", "(?![\\w-])") });
    }
    this.#rules = rules;
  }

  /** In the order in which they stand; no two overlap. */
  find(text: string): Finding[] {
    let found: Finding[] = [];
    let left = text;
    for (const { kind, pattern, accepts } of this.#rules) {
      const more: Finding[] = [];
      pattern.lastIndex = 0;
      for (let match = pattern.exec(left); match !== null; match = pattern.exec(left)) {
        const { 0: matched, index: start } = match;
        if (matched !== "" && accepts?.(matched) !== false)
          more.push({ kind, start, end: start + matched.length });
        // What is none may have one that begins inside of it.
        else pattern.lastIndex = start + 1;
      }
      if (more.length === 0) continue;
      // Only a private key can have others inside.
      const kept = found.filter((one) => !more.some(({ start, end }) => start < one.end && one.start < end));
      found = [...kept, ...more];
      left = masked(left, more);
    }
    return found.sort((one, other) => one.start - other.start);
  }

  /** The text with all of them replaced. */
  replace(text: string, by: (kind: SensitiveKind, value: string) => string): string {
    const found = this.find(text);
    if (found.length === 0) return text;
    let replaced = "";
    let done = 0;
    for (const { kind, start, end } of found) {
      replaced += text.slice(done, start) + by(kind, text.slice(start, end));
      done = end;
    }
    return replaced + text.slice(done);
  }
}

/** What was found is out of the way of what is looked for next. */
function masked(text: string, found: readonly Finding[]): string {
  let rest = "";
  let done = 0;
  for (const { start, end } of found) {
    rest += text.slice(done, start) + MASK.repeat(end - start);
    done = end;
  }
  return rest + text.slice(done);
}

/** Longest first, or one would be found inside another. */
function anyOf(texts: readonly string[], before = "", after = ""): RegExp {
  const escaped = texts
    .toSorted((one, other) => other.length - one.length)
    .map((text) => text.replace(/[^\w-]/g, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`));
  return new RegExp(`${before}(?:${escaped.join("|")})${after}`, "gu");
}
