import { readFileSync } from "node:fs";
import type { Check } from "./check.ts";

export const nodeVersion: Check = {
  name: "node",
  run({ nodeVersion: version }) {
    const wanted = wantedMajor();
    const major = Number.parseInt(version, 10);
    return major >= wanted
      ? [{ status: "ok", says: `Node.js ${version}` }]
      : [
          {
            status: "fail",
            says: `Node.js ${version} is too old: ${wanted} or newer is needed.`,
            fix: `nvm install ${wanted}`,
          },
        ];
  },
};

/** As the package itself says. */
function wantedMajor(): number {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { engines } = JSON.parse(text) as { engines?: { node?: string } };
  return Number(/\d+/.exec(engines?.node ?? "")?.[0] ?? 0);
}
