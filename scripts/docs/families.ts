/** The columns of the compatibility tables: one model for each family that behaves alike, on both hosts. */
import type { Surface } from "../../src/translate/target.ts";

export interface Family {
  /** As the document names it. */
  name: string;
  /** The model that stands for it. */
  model: string;
}

export const FAMILIES: readonly Family[] = [
  { name: "3.8", model: "gemini-3.8-flash" },
  { name: "3.6 and 3.7", model: "gemini-3.7-flash" },
  { name: "3.0 to 3.5", model: "gemini-3.5-flash" },
  { name: "2.5", model: "gemini-2.5-flash" },
  { name: "2.0", model: "gemini-2.0-flash" },
];

export const HOSTS: readonly { surface: Surface; name: string }[] = [
  { surface: "vertex", name: "Vertex AI" },
  { surface: "gemini-api", name: "the Gemini API" },
];
