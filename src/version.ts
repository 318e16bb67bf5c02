import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

interface Manifest {
  version: string;
  engines?: { node?: string };
}

/** This package's manifest: it is above `src` and above whatever is built from it. */
const manifest = JSON.parse(readFileSync(findPackageJSON("..", import.meta.url)!, "utf8")) as Manifest;

export const VERSION: string = manifest.version;

/** The first version of Node.js that this runs on, as the package says it. */
export const OLDEST_NODE: number = Number(/\d+/.exec(manifest.engines?.node ?? "")?.[0] ?? 0);
