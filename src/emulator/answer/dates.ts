/** Days and times of day as prompts name them. There is no clock here: relative days count from a fixed Monday. */

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const months = "january february march april may june july august september october november december".split(
  " ",
);
const monthPattern = months.map((month) => `${month}|${month.slice(0, 3)}`).join("|");
/** 2026-01-05 is a Monday; any fixed day would do, and a fixed one keeps answers repeatable. */
const fixedMonday = Date.UTC(2026, 0, 5);
const dayMilliseconds = 86_400_000;

const datePattern = new RegExp(
  [
    "\\b\\d{4}-\\d{2}-\\d{2}\\b",
    "\\b\\d{1,2}/\\d{1,2}/\\d{2,4}\\b",
    `\\b(?:${monthPattern})\\.? \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?\\b`,
    `\\b\\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:${monthPattern})(?:,? \\d{4})?\\b`,
    `\\b(?:(?:next|this|last) )?(?:${weekdays.join("|")})\\b`,
    "\\b(?:next|this|last) (?:week|month|year|weekend)\\b",
    "\\b(?:today|tomorrow|tonight|yesterday)\\b",
  ].join("|"),
  "gi",
);
const timePattern = /\b(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b)?|\d{1,2}\s?[ap]m\b|noon\b|midnight\b)/gi;

/** Days in the order they are named, as written. */
export function datesIn(text: string): string[] {
  return text.match(datePattern) ?? [];
}

/** Times of day in the order they are named, as written. */
export function timesIn(text: string): string[] {
  return text.match(timePattern) ?? [];
}

export function isDayOrMonth(word: string): boolean {
  const lower = word.toLowerCase();
  return (
    weekdays.includes(lower) ||
    (months.includes(lower) && lower !== "may") ||
    ["today", "tomorrow"].includes(lower)
  );
}

/** `YYYY-MM-DD` for a day as written. */
export function isoDate(written: string | undefined): string {
  const lower = (written ?? "").toLowerCase();
  const exact = /^\d{4}-\d{2}-\d{2}$/.exec(lower)?.[0];
  if (exact !== undefined && !Number.isNaN(Date.parse(exact)) && isoDay(Date.parse(exact)) === exact)
    return exact;
  const month = months.findIndex((name) => new RegExp(`\\b(?:${name}|${name.slice(0, 3)})\\b`).test(lower));
  if (month >= 0) {
    const year = Number(/\b\d{4}\b/.exec(lower)?.[0] ?? 2026);
    const day = Number(/\b(\d{1,2})(?:st|nd|rd|th)?\b/.exec(lower)?.[1] ?? 1);
    return isoDay(Date.UTC(year, month, Math.min(Math.max(day, 1), 28 + (month === 1 ? 0 : 2))));
  }
  const slashed = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(lower);
  if (slashed !== null && Number(slashed[1]) >= 1 && Number(slashed[1]) <= 12 && Number(slashed[2]) <= 28) {
    return isoDay(Date.UTC(Number(slashed[3]), Number(slashed[1]) - 1, Math.max(1, Number(slashed[2]))));
  }
  const weekday = weekdays.findIndex((name) => lower.includes(name));
  const offset = weekday >= 0 ? weekday : lower === "tomorrow" ? 1 : lower === "yesterday" ? -1 : 0;
  return isoDay(fixedMonday + (offset + (lower.startsWith("next ") ? 7 : 0)) * dayMilliseconds);
}

/** `hh:mm:ssZ` for a time as written. */
export function isoTime(written: string | undefined): string {
  const lower = (written ?? "").toLowerCase();
  if (lower === "noon") return "12:00:00Z";
  const [, hourText = "9", minuteText = "00"] = /^(\d{1,2})(?::(\d{2}))?/.exec(lower) ?? [];
  let hour = lower === "midnight" ? 0 : Number(hourText) % 24;
  if (/p\.?m/.test(lower) && hour < 12) hour += 12;
  if (/a\.?m/.test(lower) && hour === 12) hour = 0;
  const minute = Math.min(59, Number(minuteText));
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00Z`;
}

function isoDay(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
