/** Sentences about what was sent along with the prompt, so that a user sees their media arrived. */
import type { Conversation, Turn } from "./conversation.ts";
import { describeFile, describeMedia } from "./media/describe-media.ts";

const mostDescribed = 20;
const asksBack =
  /\b(?:image|picture|photo|audio|recording|video|clip|document|pdf|file|attachment|attached)s?\b/i;

/** Empty when nothing was sent. Earlier media are named again only when the prompt speaks of them. */
export function mediaSentences({ turns, askIndex, ask }: Conversation): string[] {
  const now = turns[askIndex];
  if (now === undefined) return [];
  const since = turns.slice(askIndex).flatMap((turn) => received(turn, "I received"));
  if (since.length > 0 || !asksBack.test(ask)) return since.slice(0, mostDescribed);
  return turns
    .slice(0, askIndex)
    .flatMap((turn) => received(turn, "Earlier you sent"))
    .slice(0, mostDescribed);
}

function received(turn: Turn, verb: string): string[] {
  const sentences = turn.media.map((media) => {
    const quote =
      media.text === undefined || media.text === "" ? "" : ` It begins: "${media.text.trim().slice(0, 200)}"`;
    return `${verb} ${describeMedia(media)}.${quote}`;
  });
  return [...sentences, ...turn.files.map((file) => `${verb} ${describeFile(file)}.`)];
}

/** What the emulator cannot do with media, said where the prompt asks for it. */
export function mediaLimits(ask: string, count: number): string {
  if (/\btranscri|\bwho speaks|\bwhat (?:is|was) said\b/i.test(ask)) {
    return "The emulator reads file headers but does not listen, so there is no transcript; a real model would write it here.";
  }
  const noun = count === 1 ? "it" : "them";
  return `The emulator reads the bytes, not the meaning, so it can confirm that ${noun} arrived intact but not describe what ${noun === "it" ? "it shows" : "they show"}.`;
}
