export const SCHEMA_RULES = {} as const;
