/** What stands on a tape in place of secrets and personal data: numbered, so that it says nothing of what it stands for. */

export type SensitiveKind =
  | "secret"
  | "redacted"
  | "account"
  | "email"
  | "ipv4"
  | "ipv6"
  | "card"
  | "phone"
  | "project";

/** Past this many different values of a kind, which is no test's tape, equal ones are not known again. */
const MAX_REMEMBERED = 100_000;

/**
 * Equal values get equal stand-ins, in the order in which they come. A number is all that a stand-in holds: made from
 * the value by a hash, it would give a phone number away to anyone who tries them all.
 */
export class StandIns {
  readonly #numbers = new Map<SensitiveKind, Map<string, number>>();
  readonly #values = new Map<SensitiveKind, string[]>();

  /** The stand-in for a value, in the shape of that value. */
  for(kind: SensitiveKind, text: string): string {
    const value = plain(kind, text);
    let numbers = this.#numbers.get(kind);
    if (numbers === undefined) this.#numbers.set(kind, (numbers = new Map()));
    let values = this.#values.get(kind);
    if (values === undefined) this.#values.set(kind, (values = []));
    let number = numbers.get(value);
    if (number === undefined) {
      number = numbers.size + 1;
      if (number <= MAX_REMEMBERED) {
        numbers.set(value, number);
        values.push(value);
      }
    }
    return standIn(kind, number, text);
  }

  /** From 1 on; undefined for a value that has none. */
  numberOf(kind: SensitiveKind, text: string): number | undefined {
    return this.#numbers.get(kind)?.get(plain(kind, text));
  }

  /** The value of that number, in the shape of `like`. */
  valueOf(kind: SensitiveKind, number: number, like: string): string | undefined {
    const value = this.#values.get(kind)?.[number - 1];
    return value === undefined || !isDigits(kind) ? value : (fill(value, like) ?? value);
  }
}

/** Digits alone count, however they are grouped. */
function plain(kind: SensitiveKind, text: string): string {
  return isDigits(kind) ? text.replace(/\D/g, "") : text;
}

function isDigits(kind: SensitiveKind): boolean {
  return kind === "card" || kind === "phone";
}

function standIn(kind: SensitiveKind, number: number, like: string): string {
  switch (kind) {
    case "secret":
    case "redacted":
      return `[${kind}-${number}]`;
    case "account":
      return `account-${number}@project-${number}.iam.gserviceaccount.com`;
    case "email":
      return `person-${number}@example.com`;
    case "ipv4":
      // The network for documents (RFC 5737), then the one that is reserved for ever (RFC 1112).
      return number < 256
        ? `192.0.2.${number}`
        : `240.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
    case "ipv6":
      // The network for documents (RFC 3849).
      return `2001:db8::${number.toString(16)}`;
    case "card":
      return fill(cardNumber(number, digitCount(like)), like) ?? like;
    case "phone":
      return fill(phoneNumber(number, like), like) ?? like;
    case "project":
      return `project-${number}`;
    default:
      return kind satisfies never;
  }
}

function digitCount(text: string): number {
  return text.replace(/\D/g, "").length;
}

/** `4000…0001` with the check digit that makes it one. */
function cardNumber(number: number, length: number): string {
  const body = `4${String(number)
    .padStart(length - 2, "0")
    .slice(-(length - 2))}`;
  for (let check = 0; check < 10; check += 1) {
    if (isLuhnValid(`${body}${check}`)) return `${body}${check}`;
  }
  return body;
}

/** Begins as the original does, and goes on with 555, which no exchange has. */
function phoneNumber(number: number, like: string): string {
  const digits = digitCount(like);
  const prefix = like.startsWith("+")
    ? "1555"
    : /^00[1-9]/.test(like)
      ? "001555"
      : /^\(?0/.test(like)
        ? "0555"
        : "555";
  const room = digits - prefix.length;
  return prefix + String(number).padStart(room, "0").slice(-room);
}

/** The digits of `like` replaced one by one; undefined where there are not as many. */
function fill(digits: string, like: string): string | undefined {
  if (digits.length !== digitCount(like)) return undefined;
  let at = 0;
  return like.replace(/\d/g, () => digits[at++] ?? "");
}

/** The check of ISO/IEC 7812 that every card number passes. */
export function isLuhnValid(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, double = false; at >= 0; at -= 1, double = !double) {
    const digit = Number(digits[at]);
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}
