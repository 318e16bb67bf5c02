export const ANSWER_RULES = {} as const;
