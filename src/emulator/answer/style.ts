/** Simple orders about the form of an answer, from the system instruction or the prompt. */

const languages: Record<string, string> = {
  french: "Voici ma réponse en français.",
  spanish: "Aquí está mi respuesta en español.",
  german: "Hier ist meine Antwort auf Deutsch.",
  italian: "Ecco la mia risposta in italiano.",
  portuguese: "Aqui está a minha resposta em português.",
  dutch: "Hier is mijn antwoord in het Nederlands.",
  japanese: "日本語でお答えします。",
  chinese: "我用中文回答。",
  korean: "한국어로 답변드립니다.",
};
const answerVerb = "(?:answer|respond|reply|speak|write|talk|say it|output|response)";

/** The text in the form the orders ask for; unchanged where they ask for none. */
export function styled(text: string, system: string, ask: string): string {
  const orders = `${system.slice(0, 8000)}\n${ask}`;
  let result = text;
  if (new RegExp(`\\b(?:one|single|1)[- ]word\\b`, "i").test(orders)) result = firstWord(result);
  else if (/\b(?:one|single|1) (?:short )?sentence\b/i.test(orders))
    result = sentences(result).slice(0, 1).join("");
  else if (/\b(?:be (?:very )?(?:brief|concise)|briefly|in short)\b/i.test(orders))
    result = sentences(result).slice(0, 2).join(" ");
  const language = new RegExp(`\\b${answerVerb}\\b[^.\\n]{0,30}\\bin (\\w{4,12})\\b`, "i").exec(orders)?.[1];
  const lead = languages[language?.toLowerCase() ?? ""];
  if (lead !== undefined) result = `${lead} ${result}`;
  const ending = /\b(?:end|finish)\b[^.\n]{0,60}\bwith\b[^"“'\n]{0,30}["“']([^"”'\n]{1,80})["”']/i.exec(
    system,
  )?.[1];
  if (ending !== undefined) result = `${result} ${ending}`;
  const beginning =
    /\b(?:start|begin|prefix)\b[^.\n]{0,60}\bwith\b[^"“'\n]{0,30}["“']([^"”'\n]{1,80})["”']/i.exec(
      system,
    )?.[1];
  if (beginning !== undefined) result = `${beginning} ${result}`;
  if (/\bpirate\b/i.test(system)) result = `Arr! ${result}`;
  if (/\b(?:upper[- ]?case|all caps|capital letters)\b/i.test(orders)) result = result.toUpperCase();
  else if (/\blower[- ]?case\b/i.test(orders)) result = result.toLowerCase();
  return result;
}

/** A text cut at the ends of its sentences. */
export function sentences(text: string): string[] {
  return text
    .split(/(?<=[.!?。！？])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");
}

function firstWord(text: string): string {
  const number = /^[^.!?]{0,200}=\s*(-?[\d.]+\d|-?\d)/.exec(text)?.[1];
  const subject = /\b(?:is|are) ([\p{L}\p{N}'-]+)[.!]?$/u.exec(text)?.[1];
  return (
    number ?? subject ?? /\p{L}[\p{L}'’-]{3,}/u.exec(text)?.[0] ?? /[\p{L}\p{N}'’-]+/u.exec(text)?.[0] ?? text
  );
}
