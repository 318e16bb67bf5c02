/** What kind of answer a prompt wants, tried from the most definite to the most general. */
import { findSum, formatNumber } from "./arithmetic.ts";
import { capitalOf, jokes, membersOf } from "./catalogue.ts";
import type { Conversation } from "./conversation.ts";
import { counted, exactlyWords, wantedWords } from "./counting.ts";
import type { Dice } from "./dice.ts";
import { dictatedWords } from "./exact-words.ts";
import { translated } from "./phrasebook.ts";
import { numberFrom, phrasesOf } from "./phrases.ts";
import {
  explanation,
  numberedList,
  paragraph,
  poem,
  story,
  type Subject,
  summary,
  topicFrom,
} from "./prose.ts";
import { recall } from "./recall.ts";

export interface Reply {
  text: string;
  /** Dictated words and the like, which no order about style may touch. */
  exact: boolean;
}

const mostPoints = 50;
const listOrder =
  /\b(?:list|give|name|suggest|write|tell|show|provide|recommend)\b[^.\n]{0,20}?\b(\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|some|a few)\b[^.\n]{0,40}?\b(?!words?\b|sentences?\b|times\b|lines?\b)\p{L}{2,}s\b/iu;

/** The text answer to the last request, without media, tools or formats. */
export function replyTo(conversation: Conversation, modelName: string, dice: Dice): Reply {
  const { ask } = conversation;
  const dictated = dictatedWords(ask);
  if (dictated !== undefined) return { text: dictated, exact: true };
  const known = definite(conversation, modelName, dice);
  if (known !== undefined) return { text: known, exact: false };
  const subject: Subject = {
    ask,
    topic: topicFrom(phrasesOf(ask).topic, ask),
    system: conversation.system,
    earlier: conversation.turns.slice(0, conversation.askIndex).filter((turn) => turn.role === "user").length,
  };
  const text = open(subject, dice);
  const words = wantedWords(ask);
  return words === undefined ? { text, exact: false } : { text: exactlyWords(text, words), exact: true };
}

/** Requests with a right answer. */
function definite(conversation: Conversation, modelName: string, dice: Dice): string | undefined {
  const { ask } = conversation;
  const remembered = recall(conversation);
  if (remembered !== undefined) return remembered;
  const counting = counted(ask) ?? translated(ask) ?? capitalOf(ask);
  if (counting !== undefined) return counting;
  const sum = findSum(ask);
  if (sum !== undefined) {
    const value = formatNumber(sum.value);
    return dice.pick([
      `${sum.expression} = ${value}`,
      `The answer is ${value}, because ${sum.expression} = ${value}.`,
    ]);
  }
  return pleasantry(ask, modelName, dice);
}

function pleasantry(ask: string, modelName: string, dice: Dice): string | undefined {
  const plain = ask.trim().toLowerCase();
  if (plain === "") return "Your message has no text. What would you like to know?";
  if (
    /\b(?:who|what) are you\b|\bwhat(?:'s| is) your name\b|\b(?:what|which) (?:ai |language )?model\b/.test(
      plain,
    )
  ) {
    return `I am the offline emulator of ${modelName}. I answer from your own words, the same way every time, so that programs can be tried without a network.`;
  }
  const greetee = /^(?:please )?say (?:hello|hi) to (\p{L}[\p{L} '’-]{0,40}?)(?: in \w+)?[.!]?$/iu.exec(
    ask.trim(),
  )?.[1];
  if (greetee !== undefined) return `Hello, ${greetee}!`;
  if (/\byes or no\b/.test(plain)) return dice.pick(["Yes.", "No."]);
  if (plain.length > 80) return undefined;
  const greeted =
    /^(?:hello|hi|hey|good (?:morning|afternoon|evening)|greetings|howdy|hola|bonjour|hallo|ciao)(?: there| everyone| world| gemini)?[!.?, ]*(?:how are you[?!. ]*)?$/;
  const introduced = /\b(?:[Mm]y name is|I am|[Ii]'m|[Cc]all me)\s+(\p{Lu}[\p{L}'’-]{0,40})/u.exec(ask)?.[1];
  if (introduced !== undefined) {
    return dice.pick([
      `Nice to meet you, ${introduced}! I will remember your name for this conversation. What can I do for you?`,
      `Hello ${introduced}, good to meet you. I have noted your name. What shall we look at first?`,
    ]);
  }
  if (greeted.test(plain)) {
    return dice.pick([
      "Hello! How can I help you today?",
      "Hi there! What would you like to talk about?",
      "Hello! Good to hear from you. What can I do for you?",
    ]);
  }
  if (/^(?:thanks|thank you|thx|merci|gracias|danke)\b/.test(plain)) {
    return dice.pick([
      "You are welcome! Is there anything else?",
      "My pleasure. Let me know if there is more.",
    ]);
  }
  if (/^(?:bye|goodbye|see you|good night)\b/.test(plain))
    return dice.pick(["Goodbye! Take care.", "See you next time!"]);
  return /^how are you\b/.test(plain) ? "I am well, thank you. How can I help you today?" : undefined;
}

/** Requests that leave the content open. */
function open(subject: Subject, dice: Dice): string {
  const { ask } = subject;
  if (/\b(?:summari[sz]e|summary|tl;?dr)\b/i.test(ask) && ask.length > 200) return summary(ask);
  if (/\bjoke\b/i.test(ask)) return dice.pick(jokes);
  if (/\b(?:poem|haiku|verse|rhyme|limerick)\b/i.test(ask)) return poem(subject, dice);
  const asked = wantedWords(ask) === undefined ? listOrder.exec(ask) : null;
  if (asked !== null || /^\s*(?:list|name)\b/i.test(ask)) {
    const members = membersOf(ask, dice.below(10));
    if (members !== undefined) return members.map((member, index) => `${index + 1}. ${member}`).join("\n");
  }
  if (asked !== null) {
    const count = numberFrom(asked[1] ?? "") ?? 3;
    return numberedList(subject, Math.min(Math.max(1, count), mostPoints), dice);
  }
  if (/\b(?:story|tale|fairy ?tale|novel)\b/i.test(ask)) return story(subject, dice);
  if (/^\s*list\b/i.test(ask)) return numberedList(subject, 5, dice);
  if (
    /\b(?:explain|describe|why|how|what (?:is|are|does)|define|difference|essay|article|about)\b/i.test(ask)
  ) {
    return explanation(subject, dice);
  }
  return paragraph(subject, dice);
}
