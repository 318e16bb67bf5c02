/** The few facts the emulator does know: what people ask first when they try an API. */
import { numberFrom } from "./phrases.ts";
import { stem } from "./words.ts";

const lists: Record<string, readonly string[]> = {
  fruit: "apple banana cherry grape lemon mango orange peach pear plum".split(" "),
  vegetable: "carrot cabbage leek onion pea pepper potato pumpkin spinach tomato".split(" "),
  animal: "cat dog elephant fox horse lion owl rabbit tiger whale".split(" "),
  colour: "red orange yellow green blue purple pink brown black white".split(" "),
  planet: "Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune".split(" "),
  city: "Paris,London,Tokyo,New York,Berlin,Madrid,Rome,Sydney,Toronto,Cairo".split(","),
  country: "France,Japan,Brazil,Canada,Egypt,Germany,India,Italy,Kenya,Spain".split(","),
  language: "English French Spanish German Italian Portuguese Japanese Chinese Arabic Hindi".split(" "),
  season: "spring summer autumn winter".split(" "),
  continent: "Africa,Antarctica,Asia,Europe,North America,Oceania,South America".split(","),
};
const kinds = new Map(
  Object.keys(lists)
    .map((kind) => [stem(kind), kind] as const)
    .concat([["color", "colour"]]),
);

const capitals = new Map(
  (
    "france:Paris germany:Berlin spain:Madrid italy:Rome japan:Tokyo england:London portugal:Lisbon austria:Vienna " +
    "poland:Warsaw greece:Athens sweden:Stockholm norway:Oslo denmark:Copenhagen finland:Helsinki ireland:Dublin " +
    "canada:Ottawa mexico:Mexico_City brazil:Brasília argentina:Buenos_Aires egypt:Cairo kenya:Nairobi india:New_Delhi " +
    "china:Beijing australia:Canberra russia:Moscow turkey:Ankara switzerland:Bern netherlands:Amsterdam belgium:Brussels"
  )
    .split(" ")
    .map((pair) => pair.replaceAll("_", " ").split(":") as [string, string]),
);

/** "The capital of France is Paris."; undefined for other questions and other countries. */
export function capitalOf(ask: string): string | undefined {
  const country = /\bcapital(?: city)? of (?:the )?(\p{L}{3,20})/iu.exec(ask)?.[1];
  const capital = capitals.get(country?.toLowerCase() ?? "");
  return capital === undefined ? undefined : `The capital of ${country} is ${capital}.`;
}

/** Members of a familiar kind ("three fruits"); undefined for kinds not in the book. */
export function membersOf(ask: string, offset: number): string[] | undefined {
  const match =
    /\b(\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|some|a few|all|the)?\s*(?:[\p{L}]{2,12} )?(\p{L}{3,12}s)\b/giu;
  for (const [, amount = "", noun = ""] of ask.matchAll(match)) {
    const members = lists[kinds.get(stem(noun.toLowerCase())) ?? ""];
    if (members === undefined) continue;
    const count = numberFrom(amount) ?? (amount === "all" || amount === "the" ? members.length : 5);
    const wanted = Math.min(Math.max(1, count), members.length);
    return Array.from({ length: wanted }, (_, index) => members[(index + offset) % members.length] ?? "");
  }
  return undefined;
}

export const jokes = [
  "Why did the emulator cross the road? It was told to, and it always gives the same answer.",
  'A byte walks into a bar looking pale. "Are you ill?" asks the barkeeper. "Just a bit off."',
  "There are ten kinds of people: those who count in binary and those who do not.",
] as const;
