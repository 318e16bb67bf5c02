/** What a field is for, by the words of its name and description. */
import { stem, wordsOf } from "./words.ts";

export interface Field {
  name: string;
  description: string;
  /** The other fields of the same object, for telling a person's name from an event's. */
  siblings: readonly string[];
}

/** Words that give a kind away, in any inflection. */
const kinds = {
  place:
    "city cities location locations place places destination origin address country countries region town state port venue capital where area",
  origin: "origin from departure source start",
  destination: "destination to arrival target",
  person:
    "person people participant participants attendee attendees guest guests member members user users author sender recipient customer student students character characters friend contact employee names invitee invitees passenger first last player players",
  date: "date day when deadline due birthday dates days",
  time: "time hour at",
  email: "email mail",
  url: "url uri link website href",
  query:
    "query q question search text message content body input prompt request keyword keywords term terms topic subject sentence phrase note reason",
  sum: "expression formula equation calculation",
  title: "name title event label heading subject topic headline",
  language: "language lang",
  answer: "answer result output solution final value",
} as const;
export type Kind = keyof typeof kinds;
const kindStems = new Map(
  Object.entries(kinds).map(([kind, words]) => [kind, new Set(words.split(" ").map(stem))] as const),
);

/** Whether the field's own name says so. */
export function is(field: Field, kind: Kind): boolean {
  return wordsOf(field.name).some((word) => kindStems.get(kind)?.has(stem(word)) === true);
}

/** Whether its description says so. */
export function describes(field: Field, kind: Kind): boolean {
  return wordsOf(field.description).some((word) => kindStems.get(kind)?.has(stem(word)) === true);
}
