/** Puts tables where a template has `<!-- table name -->`. */

/** @throws Error when the template names a table that is not there, or a table is not used. */
export function fill(template: string, tables: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(tables));
  const text = template.replace(/<!-- table ([a-z-]+) -->/g, (_, name: string) => {
    const table = Object.hasOwn(tables, name) ? tables[name] : undefined;
    if (table === undefined) throw new Error(`there is no table ${name}`);
    unused.delete(name);
    return table;
  });
  if (unused.size > 0) throw new Error(`no place for ${[...unused].join(", ")}`);
  return text;
}
