/** Longer texts around a topic: explanations, stories, poems, lists, and the paragraph for everything else. */
import type { Dice } from "./dice.ts";
import { contentStems, isStopWord, wordsOf } from "./words.ts";

export interface Subject {
  ask: string;
  topic: string;
  system: string;
  earlier: number;
}

const offline = [
  "This answer comes from the offline emulator, so it is built from your own words rather than from knowledge of the world.",
  "I am the offline emulator, so what you read here is composed from your prompt and not from a trained model.",
  "Since this is the offline emulator speaking, the wording follows your prompt; a real model would add facts here.",
] as const;

/** The topic of a prompt: the one its phrasing names, else its own content words. */
export function topicFrom(topic: string | undefined, ask: string): string {
  if (topic !== undefined) return topic.replace(/[.?!]+$/, "");
  const words = (ask.match(/[\p{L}\p{M}\p{N}'’-]+/gu) ?? []).filter(
    (word) => !isStopWord(word) && word.length > 1,
  );
  return words.slice(0, 4).join(" ") || "your request";
}

export function explanation({ ask, topic, system }: Subject, dice: Dice): string {
  const words = keyWords(ask);
  const opening = dice.pick([
    `You asked about ${topic}, and it helps to take it one step at a time.`,
    `Here is a short explanation of ${topic}.`,
    `Let us look at ${topic} from the beginning.`,
    `${upperFirst(topic)} is easier to follow in three steps.`,
  ]);
  const steps = [
    `First comes "${words[0] ?? topic}": what belongs to it and what does not.`,
    `Second, ${words[1] === undefined ? "the way the parts work together" : `"${words[1]}"`} decides how the whole behaves, because each step builds on the one before.`,
    `Third, ${words[2] === undefined ? "what comes out at the end" : `"${words[2]}"`} can be checked against what was expected, and the cycle starts again.`,
  ];
  const closing = dice.pick([
    `In short, ${topic} is a sequence of small steps that are simple one by one.`,
    `Put together, these three steps are the core of ${topic}.`,
    `That is the outline of ${topic}; ask about any step to go deeper.`,
  ]);
  return joined(opening, ...steps, closing, instructionNote(system), dice.pick(offline));
}

export function story({ topic, system }: Subject, dice: Dice): string {
  const hero = dice.pick(["Mira", "Tomas", "Ines", "Oskar", "Leila", "Jonas"]);
  const place = dice.pick([
    "a harbour town",
    "a village below the mountains",
    "the last house of a long street",
  ]);
  const moment = dice.pick(["One grey morning", "On the first day of autumn", "Late one evening"]);
  const turn = dice.pick([
    "a door that had not been there before",
    "a voice calling from the stairs",
    "a map without names",
  ]);
  return [
    `${moment} in ${place}, ${hero} came upon ${withArticle(topic)}. Nobody knew where it had come from, and nobody had ever dared to ask.`,
    `At first nothing happened. Then ${hero} noticed ${turn}, and it was plain that the two belonged together. "If I do not look now," ${hero} thought, "I shall wonder for the rest of my life."`,
    `So ${hero} followed it through the night, counting the steps so as to find the way back. There were more of them than the town had streets, and each one was a little warmer than the last.`,
    `By sunrise ${hero} was home again, with ${withArticle(topic)} and a story that no one quite believed. It did not matter. Some things are true before anyone believes them.`,
    instructionNote(system),
  ]
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}

export function poem({ topic, ask }: Subject, dice: Dice): string {
  const word = keyWords(ask)[0] ?? topic;
  if (/\bhaiku\b/i.test(ask)) {
    return dice.pick([
      `Early light, still air\n${topic} waits without a sound\nthen the day begins`,
      `A leaf on water\n${topic} passes by below\nnothing else has changed`,
    ]);
  }
  return [
    `I went to look for ${topic} when the day was nearly done,`,
    `and found a trace of ${word} in the last light of the sun.`,
    dice.pick([
      `It asked me for no answer and it gave me no reply,`,
      `It did not stay to greet me and it did not say goodbye,`,
    ]),
    `but all the way the road went home beneath a softer sky.`,
  ].join("\n");
}

/** `count` numbered points on the topic. */
export function numberedList({ topic }: Subject, count: number, dice: Dice): string {
  const aspects = [
    "the purpose of",
    "the people behind",
    "a first small step towards",
    "the cost of",
    "a common mistake with",
    "the history of",
    "a simple test of",
    "an unusual use of",
    "the limits of",
    "the next question about",
  ];
  const offset = dice.below(aspects.length);
  return Array.from({ length: count }, (_, index) => {
    const aspect = aspects[(index + offset) % aspects.length] ?? "more about";
    const round = index < aspects.length ? "" : ` (part ${Math.floor(index / aspects.length) + 1})`;
    return `${index + 1}. ${upperFirst(aspect)} ${topic}${round}`;
  }).join("\n");
}

export function summary(text: string): string {
  const points = text.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => sentence.trim().length > 15);
  const body = points.length > 1 ? points.slice(1) : points;
  const chosen = [body[0], body[Math.floor(body.length / 2)], body.at(-1)].filter(
    (point) => point !== undefined,
  );
  const lines = [...new Set(chosen.map((point) => point.trim().slice(0, 200)))].map((point) => `- ${point}`);
  return `The text has ${wordsOf(text).length} words in ${Math.max(1, points.length)} sentences. Its main points:\n${lines.join("\n")}`;
}

export function paragraph({ ask, topic, system, earlier }: Subject, dice: Dice): string {
  const words = keyWords(ask);
  const opening = dice.pick([
    `You wrote: "${quotedAsk(ask)}"`,
    `Your request was: "${quotedAsk(ask)}"`,
    `I read your message: "${quotedAsk(ask)}"`,
  ]);
  const middle = dice.pick([
    `It concerns ${topic}, and the words that carry it are ${series(words, topic)}.`,
    `The subject is ${topic}; what stands out is ${series(words, topic)}.`,
    `As I understand it, this is about ${topic}, in particular ${series(words, topic)}.`,
  ]);
  const advice = dice.pick([
    `A good way to begin is to settle what ${words[0] ?? topic} should look like when it is done, and then to work backwards from there.`,
    `I would first write down what is already known about ${words[0] ?? topic}, then name the one thing that is still open.`,
    `The next step would be to try a small example with ${words[0] ?? topic} and to see where it differs from what you expect.`,
  ]);
  const history =
    earlier > 0 ? `This follows on from ${earlier} earlier message${earlier === 1 ? "" : "s"} of yours.` : "";
  return joined(opening, middle, advice, history, instructionNote(system), dice.pick(offline));
}

/** Shows that the system instruction arrived. */
export function instructionNote(system: string): string {
  if (system === "") return "";
  const first = system.split(/(?<=[.!?])\s|\n/)[0] ?? system;
  return `I am following the system instruction: "${first.slice(0, 160)}"`;
}

function keyWords(ask: string): string[] {
  const seen = new Set<string>();
  return (ask.match(/[\p{L}\p{M}\p{N}'’-]{3,40}|(?<!\p{L})\p{Lu}{2}(?!\p{L})/gu) ?? []).filter((word) => {
    const stem = contentStems(word)[0];
    if (stem === undefined || seen.has(stem) || seen.size >= 8 || taskWords.has(stem)) return false;
    seen.add(stem);
    return true;
  });
}

const taskWords = new Set(
  contentStems(
    "write explain describe list summarize summarise story poem haiku ideas things names words works say answer",
  ),
);

function series(words: readonly string[], topic: string): string {
  const chosen = words.slice(0, 3).map((word) => `"${word}"`);
  if (chosen.length < 2) return chosen[0] ?? `"${topic}"`;
  return `${chosen.slice(0, -1).join(", ")} and ${chosen.at(-1)}`;
}

function quotedAsk(ask: string): string {
  const line = ask.replaceAll(/\s+/g, " ").trim();
  return line.length <= 200 ? line : `${line.slice(0, 200)}...`;
}

function withArticle(topic: string): string {
  if (/^(?:an?|the|my|your)\s/i.test(topic) || /^\p{Lu}/u.test(topic)) return topic;
  return `${/^[aeiou]/i.test(topic) ? "an" : "a"} ${topic}`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function joined(...sentences: string[]): string {
  return sentences.filter((sentence) => sentence !== "").join(" ");
}
