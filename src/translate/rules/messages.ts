export const MESSAGE_RULES = {} as const;
