export const TOOL_RULES = {} as const;
