/** Remembers what was said earlier: "my name is Ada" answers "what is my name?" some turns later. */
import type { Conversation } from "./conversation.ts";

interface Fact {
  owner: "your" | "the";
  key: string;
  value: string;
}

const statement =
  /(?<![\p{L}])(my|the|our) ((?:[\p{L}\p{N}'-]{1,30} ){0,3}?[\p{L}\p{N}'-]{1,30}) (?:is|are|was|=) ([^.!?\n;]{1,120})/giu;
const called =
  /\b(?:i am|i'm|call me|this is) (?!from\b|in\b|a\b|an\b|the\b|not\b)(\p{Lu}[\p{L}'’-]{0,40})/giu;
const lives =
  /\bi(?: am|'m)? (live in|from|work at|work as|work for|like|love|prefer|have|own) ([^.!?,;\n]{1,80})/giu;
const mostRead = 200_000;

/** An answer from memory; undefined when the question is about something else. */
export function recall(conversation: Conversation): string | undefined {
  return recallTurns(conversation) ?? recallFact(conversation);
}

function recallFact({ ask, turns, system, askIndex }: Conversation): string | undefined {
  const question =
    /\b(?:what(?:'s| is| was| are)?|who(?:'s| is)?|which|tell me|do you (?:know|remember)|can you remember|remind me(?: of)?|recall)\b(?: again)?[^.!?\n]{0,40}?\b(my|the|our) ((?:[\p{L}\p{N}'-]{1,30} ){0,3}[\p{L}\p{N}'-]{1,30})/iu.exec(
      ask,
    );
  const told = [
    system,
    ...turns.slice(0, askIndex + 1).flatMap((turn) => (turn.role === "user" ? [turn.text] : [])),
  ];
  const facts = told.flatMap((text) => factsIn(text.slice(0, mostRead)));
  if (/\bwho am i\b|\bwhat(?:'s| is) my name\b/i.test(ask)) {
    const name = facts.findLast((fact) => fact.key === "name" && fact.owner === "your");
    return name === undefined ? "You have not told me your name yet." : `Your name is ${name.value}.`;
  }
  const place = /\bwhere (?:do i (live|work)|am i from)\b/i.exec(ask);
  if (place !== null) {
    const wanted = place[1]?.toLowerCase() ?? "from";
    const fact = facts.findLast((candidate) => candidate.key.startsWith(wanted));
    return fact === undefined
      ? "You have not told me that yet."
      : `You told me: I ${fact.key} ${fact.value}.`;
  }
  if (question === null) return undefined;
  const key = (question[2] ?? "").toLowerCase().replace(/\s+(?:again|now|please|is|was|i told you)$/, "");
  const fact = facts.findLast(
    (candidate) => candidate.key === key || candidate.key === key.split(" ").at(-1),
  );
  if (fact !== undefined) return `${fact.owner === "your" ? "Your" : "The"} ${fact.key} is ${fact.value}.`;
  const remembers = /\b(?:remember|remind|recall|told you)\b/i.test(ask);
  return remembers && question[1]?.toLowerCase() === "my"
    ? `You have not told me your ${key} yet.`
    : undefined;
}

function factsIn(text: string): Fact[] {
  const facts: Fact[] = [];
  for (const match of text.matchAll(statement)) {
    // "What is my name" turned round is a question, not a statement.
    if (/\b(?:what|which|who|where|whose)\b/i.test(match[3] ?? "")) continue;
    const value = (match[3] ?? "").replace(/,? and (?:my|the|i|i'm)\b.*$/i, "").trim();
    if (value !== "") {
      facts.push({
        owner: match[1]?.toLowerCase() === "the" ? "the" : "your",
        key: (match[2] ?? "").toLowerCase(),
        value,
      });
    }
  }
  for (const match of text.matchAll(called)) {
    const value = match[1] ?? "";
    if (/^\p{Lu}/u.test(value)) facts.push({ owner: "your", key: "name", value });
  }
  for (const match of text.matchAll(lives)) {
    facts.push({ owner: "your", key: (match[1] ?? "").toLowerCase(), value: (match[2] ?? "").trim() });
  }
  return facts;
}

/** Questions about the conversation itself. */
function recallTurns({ ask, turns, askIndex }: Conversation): string | undefined {
  const before = turns.slice(0, askIndex);
  const yours = before.filter((turn) => turn.role === "user" && turn.text !== "");
  const mine = before.filter((turn) => turn.role === "model" && turn.text !== "");
  if (/\bwhat (?:did|have) i (?:just |first )?(?:say|said|ask|asked|write|told|tell)/i.test(ask)) {
    const turn = /\bfirst\b/i.test(ask) ? yours[0] : yours.at(-1);
    return turn === undefined ? "This is your first message." : `You said: "${quoted(turn.text)}"`;
  }
  if (/\bwhat did you (?:just )?(?:say|answer|reply)|\brepeat (?:that|your (?:last )?answer)\b/i.test(ask)) {
    const turn = mine.at(-1);
    return turn === undefined ? "I have not said anything yet." : `I said: "${quoted(turn.text)}"`;
  }
  if (/\bhow many (?:messages|questions|times)\b[^?]{0,40}\b(?:i|you|we)\b/i.test(ask)) {
    return `You have written ${yours.length + 1} message${yours.length === 0 ? "" : "s"}, and I have answered ${mine.length}.`;
  }
  return undefined;
}

function quoted(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 500)}...`;
}
