/** Texts in the formats JSON Schema names (2020-12 validation, section 7.3), from the prompt where it has one. */
import { isoDate, isoTime } from "./dates.ts";
import { hash32 } from "./dice.ts";
import type { Field } from "./field-kind.ts";
import type { PromptSource } from "./prompt-source.ts";
import { wordsOf } from "./words.ts";

/** Undefined for formats that put no constraint on the text. `index` numbers the items of a list. */
export function formattedText(
  format: string,
  field: Field,
  source: PromptSource,
  index: number,
): string | undefined {
  const { dates, times, emails, urls } = source.phrases;
  const label =
    wordsOf(field.name)
      .join("-")
      .replaceAll(/[^a-z0-9-]/g, "") || "item";
  switch (format) {
    case "date":
      return isoDate(dates[index]);
    case "time":
      return isoTime(times[index]);
    case "date-time":
      return `${isoDate(dates[index])}T${isoTime(times[index])}`;
    case "duration":
      return `PT${Math.abs(Math.trunc(source.number(field) ?? 30))}M`;
    case "email":
    case "idn-email":
      return emails[index] ?? `${label}${index + 1}@example.com`;
    case "uri":
    case "url":
    case "uri-reference":
    case "iri":
      return urls[index] ?? `https://example.com/${label}/${index + 1}`;
    case "hostname":
      return `host${index + 1}.example.com`;
    case "ipv4":
      return `192.0.2.${(index % 254) + 1}`;
    case "ipv6":
      return `2001:db8::${((index % 9999) + 1).toString(16)}`;
    case "uuid":
      return uuid(`${source.text}/${label}/${index}`);
    case "byte":
      return Buffer.from(label).toString("base64");
    default:
      return undefined;
  }
}

function uuid(key: string): string {
  const digits = [0, 1, 2, 3].map((part) => hash32(`${key}/${part}`).toString(16).padStart(8, "0")).join("");
  const groups = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
  ];
  return [...groups, digits.slice(20, 32)].join("-");
}
