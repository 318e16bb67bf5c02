import { readlinkSync } from "node:fs";
import { dirname, join, parse, resolve, sep } from "node:path";

/** More than the systems follow. */
const MAX_LINKS = 40;

/**
 * Every name on the way to a file whose change would lead elsewhere: symbolic links among its folders, links to the
 * file, and the file itself. Orchestrators replace mounted files by changing a link to their folder.
 * @param file an absolute path; it need not exist.
 */
export function pathLinks(file: string): string[] {
  const found: string[] = [];
  const { root } = parse(file);
  let current = root;
  let ahead = file.slice(root.length).split(sep);
  let links = 0;
  while (ahead.length > 0) {
    const [name = "", ...rest] = ahead;
    const next = join(current, name);
    const target = linkTarget(next);
    if (target === undefined) {
      current = next;
      ahead = rest;
      continue;
    }
    found.push(next);
    links += 1;
    if (links > MAX_LINKS) return found;
    const absolute = resolve(dirname(next), target);
    const { root: otherRoot } = parse(absolute);
    current = otherRoot;
    ahead = [...absolute.slice(otherRoot.length).split(sep), ...rest];
  }
  return [...found, current];
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or nothing there.
    return undefined;
  }
}
