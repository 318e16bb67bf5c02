/** Where a value stands in the configuration: `["upstreams", "main", "location"]`. */
export type ConfigPath = readonly (string | number)[];

/** For people and as a map key; different paths give different texts: `models["google/x"].targets[0]`. */
export function formatPath(path: ConfigPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) text += `[${JSON.stringify(key)}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}
