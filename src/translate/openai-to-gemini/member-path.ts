/** Where in a request something stands whose name the caller chose, written as the caller would index it. */

/** Long enough for any sane property name, short enough for an error message. */
const MAX_NAME = 64;

/** The path of a named member: `properties.port`, or `properties["a.b"]` when the name is no identifier. */
export function memberPath(path: string, name: string): string {
  if (name.length > MAX_NAME) return `${path}[${JSON.stringify(`${name.slice(0, MAX_NAME)}…`)}]`;
  return /^[A-Za-z_$][\w$-]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}
