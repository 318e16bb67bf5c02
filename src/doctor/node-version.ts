import { OLDEST_NODE } from "../version.ts";
import type { Check } from "./check.ts";

export const nodeVersion: Check = {
  name: "node",
  run({ nodeVersion: version }) {
    const major = Number.parseInt(version, 10);
    return major >= OLDEST_NODE
      ? [{ status: "ok", says: `Node.js ${version}` }]
      : [
          {
            status: "fail",
            says: `Node.js ${version} is too old: ${OLDEST_NODE} or newer is needed.`,
            fix: `nvm install ${OLDEST_NODE}`,
          },
        ];
  },
};
