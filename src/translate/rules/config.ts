export const CONFIG_RULES = {} as const;
