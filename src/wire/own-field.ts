/** A field of parsed JSON that nobody has checked; undefined where there is none, also for names of every object such as `constructor`. */
export function ownField(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}
