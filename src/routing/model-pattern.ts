/** Patterns of `routes`: `*` stands for any run of characters, the empty one too; all else for itself. */

export interface ModelPattern {
  readonly text: string;
  /** What stands between the stars, first and last included. */
  readonly pieces: readonly string[];
}

export function parseModelPattern(text: string): ModelPattern {
  return { text, pieces: text.split("*") };
}

/** Takes the leftmost place for each piece, which is enough for a pattern of stars alone: no backtracking. */
export function matchesModel(pattern: ModelPattern, model: string): boolean {
  const { pieces } = pattern;
  const first = pieces[0] ?? "";
  if (pieces.length === 1) return model === first;
  const last = pieces.at(-1) ?? "";
  if (model.length < first.length + last.length) return false;
  if (!model.startsWith(first) || !model.endsWith(last)) return false;
  const end = model.length - last.length;
  let position = first.length;
  for (let index = 1; index < pieces.length - 1; index += 1) {
    const piece = pieces[index] ?? "";
    const found = model.indexOf(piece, position);
    if (found === -1 || found + piece.length > end) return false;
    position = found + piece.length;
  }
  return true;
}

/** `google/x`, `models/x`, `publishers/google/models/x`, each also behind `projects/p/locations/l/`. */
const GOOGLE_MODEL =
  /^(?:google\/|models\/|(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/models\/|projects\/[^/]+\/locations\/[^/]+\/models\/)([^/]+)$/;

/**
 * The ways to write one model, the caller's own first. A Gemini model has several (`gemini-x`, `google/gemini-x`,
 * `models/gemini-x`, and longer ones), and a fence around `google/gemini-*` must hold for each.
 *
 * @param bareIsGoogle false for a bare id that an upstream of the configuration claims as its own
 */
export function spellingsOf(model: string, bareIsGoogle: boolean): readonly string[] {
  const bare = model.includes("/") ? GOOGLE_MODEL.exec(model)?.[1] : bareIsGoogle ? model : undefined;
  return bare === undefined ? [model] : [...new Set([model, `google/${bare}`, bare])];
}
