/** A few dozen words in a few languages: enough that a translation request visibly works. */

const columns = ["english", "french", "spanish", "german", "italian"] as const;
const rows = `hello|bonjour|hola|hallo|ciao
hello world|bonjour le monde|hola mundo|hallo Welt|ciao mondo
goodbye|au revoir|adiós|auf Wiedersehen|arrivederci
good morning|bonjour|buenos días|guten Morgen|buongiorno
good night|bonne nuit|buenas noches|gute Nacht|buonanotte
how are you|comment allez-vous|cómo estás|wie geht es dir|come stai
thank you|merci|gracias|danke|grazie
please|s'il vous plaît|por favor|bitte|per favore
yes|oui|sí|ja|sì
no|non|no|nein|no
water|eau|agua|Wasser|acqua
bread|pain|pan|Brot|pane
cat|chat|gato|Katze|gatto
dog|chien|perro|Hund|cane
house|maison|casa|Haus|casa
book|livre|libro|Buch|libro
friend|ami|amigo|Freund|amico
love|amour|amor|Liebe|amore
the cat sleeps|le chat dort|el gato duerme|die Katze schläft|il gatto dorme
i love you|je t'aime|te quiero|ich liebe dich|ti amo`
  .split("\n")
  .map((row) => row.split("|"));

/** `Translate "good morning" to French` answered; undefined when no translation is asked for. */
export function translated(ask: string): string | undefined {
  const order =
    /\btranslate\b[^"“:\n]{0,60}?\b(?:in)?to (\w{4,12})[^"“:\n]{0,20}:\s*["“]?([^"”\n]{1,500})/i.exec(ask) ??
    reversed(
      /\btranslate\s+(?:the (?:word|phrase|sentence|following)\s*)?["“':]?\s*([^"”\n]{1,500}?)["”']?\s+(?:in)?to (\w{4,12})\b/i.exec(
        ask,
      ),
    ) ??
    reversed(/\bhow do you say\s+["“']?([^"”\n]{1,200}?)["”']?\s+in (\w{4,12})\b/i.exec(ask));
  if (order === null || order === undefined) return undefined;
  const [, language = "", phrase = ""] = order;
  const target = columns.findIndex((name) => name === language.toLowerCase());
  const wanted = phrase
    .toLowerCase()
    .replace(/[.!?'"”]+$/, "")
    .trim();
  for (const row of target < 0 ? [] : rows) {
    const found = row.some((cell) => cell.toLowerCase() === wanted) ? row[target] : undefined;
    if (found !== undefined)
      return found.charAt(0).toUpperCase() + found.slice(1) + (/[.!?]$/.exec(phrase.trim())?.[0] ?? "");
  }
  return `The emulator's phrasebook has no ${language} for "${phrase.trim()}"; a real model would translate it here.`;
}

function reversed(match: RegExpExecArray | null): [string, string, string] | undefined {
  return match === null ? undefined : [match[0], match[2] ?? "", match[1] ?? ""];
}
