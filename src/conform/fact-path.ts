/** Paths into what was seen: `a.b[0].c`, `[*]` for every member, `[-1]` for the last, `["odd name"]`. */

/** A name, a number (below zero: from the end), or every member. */
export type PathStep = { readonly name: string } | { readonly index: number } | "every";

const STEP = /\.?(?:([A-Za-z_$][\w$-]*)|\[(?:(-?\d+)|(\*)|("(?:[^"\\]|\\.)*"))\])/y;

/**
 * The steps of a path; none for the empty path, which is the whole value.
 * @throws SyntaxError that says where the path stops making sense
 */
export function parsePath(path: string): PathStep[] {
  const steps: PathStep[] = [];
  for (STEP.lastIndex = 0; STEP.lastIndex < path.length;) {
    const at = STEP.lastIndex;
    const found = STEP.exec(path);
    // A name follows a dot, but for the first one; a bracket never does.
    const dotted = path[at] === ".";
    if (found === null || dotted !== (found[1] !== undefined && at > 0)) {
      throw new SyntaxError(`the path ${JSON.stringify(path)} makes no sense from character ${at + 1} on`);
    }
    const [, name, index, every, quoted] = found;
    if (name !== undefined) steps.push({ name });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (every !== undefined) steps.push("every");
    else if (quoted !== undefined) steps.push({ name: JSON.parse(quoted) as string });
  }
  return steps;
}

/**
 * What is at a path; undefined where nothing is. After `[*]` it is the list of what is at the rest of the path in each
 * member, without the members that have nothing there; undefined where no member has.
 */
export function valueAt(root: unknown, path: string): unknown {
  return follow(root, parsePath(path), 0);
}

function follow(value: unknown, steps: readonly PathStep[], from: number): unknown {
  let current = value;
  for (let position = from; position < steps.length; position += 1) {
    const step = steps[position];
    if (step === undefined || typeof current !== "object" || current === null) return undefined;
    if (step === "every") return gather(current, steps, position + 1);
    if ("index" in step) {
      if (!Array.isArray(current)) return undefined;
      current = current.at(step.index);
    } else {
      current = Object.hasOwn(current, step.name)
        ? (current as Record<string, unknown>)[step.name]
        : undefined;
    }
  }
  return current;
}

function gather(list: object, steps: readonly PathStep[], from: number): unknown {
  if (!Array.isArray(list)) return undefined;
  const deeper = steps.slice(from).includes("every");
  const found = list.flatMap((member: unknown) => {
    const value = follow(member, steps, from);
    if (value === undefined) return [];
    return deeper ? (value as unknown[]) : [value];
  });
  // An empty list is a value, a list in which nothing is found is none.
  return found.length === 0 && steps.length > from ? undefined : found;
}
