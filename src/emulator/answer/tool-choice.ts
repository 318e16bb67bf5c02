/** Which declared functions a prompt calls for, and in which order when it says "then". */
import type {
  FunctionCall,
  FunctionDeclaration,
  GenerateContentRequest,
  JsonObject,
} from "../../wire/gemini.ts";
import { argumentsFor } from "./arguments.ts";
import type { Conversation } from "./conversation.ts";
import { isObject, viewSchema } from "./schema-view.ts";
import { contentStems, distinctiveStems, isGeneric, related, wordsOf } from "./words.ts";

const steps = /(?:,|;|\.)?\s+(?:and\s+)?(?:then|after that|afterwards|finally)\b,?/i;
const refusal = /\b(?:do not|don't|without) (?:calling|call|using|use)\b[^.]{0,40}\b(?:tools?|functions?)\b/i;
const followUp = /^\s*(?:and|what about|how about|same (?:for|in)|now)\b/i;
const likely = 3;
const mostCalls = 16;

/** The calls to make now; empty when the answer is text. Mode ANY always calls, NONE never does. */
export function chooseCalls(request: GenerateContentRequest, conversation: Conversation): FunctionCall[] {
  const config = request.toolConfig?.functionCallingConfig;
  const mode = config?.mode ?? "AUTO";
  const allowed = mode === "AUTO" ? undefined : config?.allowedFunctionNames;
  const declared = (request.tools ?? [])
    .flatMap((tool) => tool.functionDeclarations ?? [])
    .filter((declaration) => typeof declaration.name === "string" && declaration.name !== "")
    .filter((declaration) => !allowed || allowed.length === 0 || allowed.includes(declaration.name ?? ""));
  if (declared.length === 0 || mode === "NONE") return [];
  const planned = refusal.test(conversation.ask) ? [] : nextStep(declared, conversation);
  if (planned.length > 0 || mode !== "ANY") return planned;
  return callsFor(forced(declared, conversation), conversation.ask, resultsOf(conversation));
}

function nextStep(declared: readonly FunctionDeclaration[], conversation: Conversation): FunctionCall[] {
  const called = new Set(conversation.calls.map((call) => call.name));
  const results = resultsOf(conversation);
  for (const step of conversation.ask.split(steps)) {
    const fresh = matching(declared, step).filter(({ declaration }) => !called.has(declaration.name));
    if (fresh.length === 0) continue;
    return fresh
      .flatMap(({ declaration, text }) =>
        callsFor(declaration, hasValues(text) ? text : conversation.ask, results),
      )
      .slice(0, mostCalls);
  }
  return called.size > 0 ? [] : followedUp(declared, conversation);
}

/** "And in London?" asks again for what was called before. */
function followedUp(declared: readonly FunctionDeclaration[], conversation: Conversation): FunctionCall[] {
  if (!followUp.test(conversation.ask) || conversation.ask.length > 120) return [];
  const last = conversation.turns.slice(0, conversation.askIndex).findLast((turn) => turn.calls.length > 0);
  const declaration = declared.find((one) => one.name === last?.calls[0]?.name);
  return declaration === undefined ? [] : callsFor(declaration, conversation.ask, []);
}

function forced(declared: readonly FunctionDeclaration[], conversation: Conversation): FunctionDeclaration {
  const called = new Set(conversation.calls.map((call) => call.name));
  const ranked = declared
    .map((declaration) => ({ declaration, score: scored(declaration, conversation.ask).score }))
    .toSorted(
      (a, b) =>
        Number(called.has(a.declaration.name)) - Number(called.has(b.declaration.name)) || b.score - a.score,
    );
  return ranked[0]?.declaration ?? {};
}

interface Match {
  declaration: FunctionDeclaration;
  /** The stretch of the prompt that speaks of this function. */
  text: string;
}

/** The functions a stretch of prompt speaks of: the best one, and others it has separate words for. */
function matching(declared: readonly FunctionDeclaration[], text: string): Match[] {
  const found: { declaration: FunctionDeclaration; at: number }[] = [];
  const taken = new Set<string>();
  const ranked = declared
    .map((declaration) => ({ declaration, ...scored(declaration, text) }))
    .filter(({ score }) => score >= likely)
    .toSorted((a, b) => b.score - a.score);
  for (const { declaration, nameWords } of ranked) {
    const own = nameWords.filter((word) => !taken.has(word));
    if (found.length > 0 && own.length === 0) continue;
    for (const word of nameWords) taken.add(word);
    found.push({ declaration, at: own[0] === undefined ? 0 : Math.max(0, positionOf(own[0], text)) });
  }
  found.sort((a, b) => a.at - b.at);
  return found.map(({ declaration, at }, index) => {
    const start = index === 0 ? 0 : separatorBefore(text, at);
    const next = found[index + 1];
    return {
      declaration,
      text: text.slice(start, next === undefined ? text.length : separatorBefore(text, next.at)),
    };
  });
}

/** How much a text speaks of a function, and the words of the text that its name accounts for. */
function scored(declaration: FunctionDeclaration, text: string): { score: number; nameWords: string[] } {
  const name = declaration.name ?? "";
  const said = [...new Set(contentStems(text))];
  const distinctive = distinctiveStems(name);
  const nameWords = said.filter((word) => distinctive.some((own) => related(word, own)));
  const described = [...new Set(contentStems(declaration.description ?? ""))].filter(
    (word) => !isGeneric(word),
  );
  const inDescription = said.filter(
    (word) => described.some((own) => related(word, own)) && !nameWords.includes(word),
  );
  const parameters = parameterWords(declaration);
  const inParameters = said.filter((word) => parameters.includes(word));
  const exact = name.length > 2 && text.includes(name) ? 10 : 0;
  const covered =
    distinctive.filter((own) => said.some((word) => related(word, own))).length / distinctive.length;
  const score =
    exact +
    nameWords.length * 3 +
    (nameWords.length > 0 ? covered : 0) +
    Math.min(4, inDescription.length * 1.5) +
    Math.min(2, inParameters.length);
  return { score, nameWords };
}

function parameterWords(declaration: FunctionDeclaration): string[] {
  const schema = declaration.parametersJsonSchema ?? declaration.parameters;
  const view = viewSchema(schema, schema);
  const names = [...view.properties.keys()].slice(0, 50).flatMap((name) => contentStems(name));
  const options = [...view.properties.values()]
    .slice(0, 50)
    .flatMap((property) => viewSchema(property, schema).options ?? [])
    .flatMap((option) => (typeof option === "string" ? contentStems(option) : []));
  return [...names, ...options];
}

function callsFor(
  declaration: FunctionDeclaration,
  text: string,
  results: readonly JsonObject[],
): FunctionCall[] {
  return argumentsFor(declaration, text, results).map((args) => ({ name: declaration.name ?? "", args }));
}

function resultsOf(conversation: Conversation): JsonObject[] {
  return conversation.responses.flatMap((response) =>
    isObject(response.response) ? [response.response] : [],
  );
}

function positionOf(stemmed: string, text: string): number {
  const word = wordsOf(text).find((candidate) => contentStems(candidate).includes(stemmed));
  return word === undefined ? 0 : text.toLowerCase().indexOf(word);
}

function separatorBefore(text: string, at: number): number {
  const before = text.slice(0, at);
  return Math.max(
    before.lastIndexOf(" and "),
    before.lastIndexOf(", "),
    before.lastIndexOf(". "),
    before.lastIndexOf("; "),
    0,
  );
}

/** A stretch without a name, number or quote takes its values from the whole prompt. */
function hasValues(text: string): boolean {
  return /["“\d]|\s\p{Lu}|\b(?:in|to|for|from|named|called)\s/u.test(text);
}
