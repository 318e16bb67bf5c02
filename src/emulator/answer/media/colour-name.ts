/** Everyday names for colours, both ways. */
import type { Colour } from "./media-facts.ts";

const named: readonly (readonly [string, number, number, number])[] = [
  ["black", 0, 0, 0],
  ["white", 255, 255, 255],
  ["grey", 128, 128, 128],
  ["red", 220, 30, 30],
  ["orange", 255, 150, 30],
  ["yellow", 245, 225, 50],
  ["green", 40, 160, 60],
  ["cyan", 60, 200, 210],
  ["blue", 40, 80, 210],
  ["purple", 130, 50, 170],
  ["pink", 250, 150, 190],
  ["brown", 130, 80, 40],
];

/** The name nearest to a colour. */
export function colourName(colour: Colour): string {
  let best = "grey";
  let nearest = Number.POSITIVE_INFINITY;
  for (const [name, red, green, blue] of named) {
    const distance = (red - colour.red) ** 2 + (green - colour.green) ** 2 + (blue - colour.blue) ** 2;
    if (distance < nearest) [best, nearest] = [name, distance];
  }
  return best;
}

/** The first colour a text names, if it names one. */
export function colourIn(text: string): Colour | undefined {
  const words = new Set(
    text
      .toLowerCase()
      .replaceAll("gray", "grey")
      .match(/[a-z]+/g) ?? [],
  );
  for (const [name, red, green, blue] of named) if (words.has(name)) return { red, green, blue };
  return undefined;
}

/** `#rrggbb`. */
export function hexColour({ red, green, blue }: Colour): string {
  return `#${[red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
