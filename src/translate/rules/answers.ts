/** What becomes of Gemini's answers. */

export const ANSWER_RULES = {} as const;
