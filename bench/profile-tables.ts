/** Tables of what V8's profilers write: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile. */

interface CallFrame {
  functionName: string;
  url: string;
  lineNumber: number;
}

export interface CpuProfile {
  nodes: readonly { id: number; callFrame: CallFrame }[];
  /** Microseconds. */
  startTime: number;
  /** The node that each sample was in. */
  samples: readonly number[];
  /** Microseconds since the sample before. */
  timeDeltas: readonly number[];
}

interface HeapNode {
  callFrame: CallFrame;
  selfSize: number;
  children: readonly HeapNode[];
}

export interface HeapProfile {
  head: HeapNode;
}

export interface Shares {
  functions: ReadonlyMap<string, number>;
  files: ReadonlyMap<string, number>;
  total: number;
}

/** Busy microseconds by function and file, of the samples between two times of the profile's clock. */
export function selfTimes(profile: CpuProfile, from: number, to: number): Shares & { idleMicros: number } {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const tally = new Tally();
  let idleMicros = 0;
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const micros = profile.timeDeltas[index] ?? 0;
    at += micros;
    if (at < from || at > to) continue;
    const frame = frames.get(id);
    if (frame === undefined) continue;
    if (frame.functionName === "(idle)") idleMicros += micros;
    else tally.add(frame, micros);
  }
  return { ...tally, idleMicros };
}

/** Bytes that are live at the end, by the function and file that allocated them. */
export function liveBytes({ head }: HeapProfile): Shares {
  const tally = new Tally();
  const open = [head];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.selfSize > 0) tally.add(node.callFrame, node.selfSize);
    open.push(...node.children);
  }
  return tally;
}

class Tally implements Shares {
  readonly functions = new Map<string, number>();
  readonly files = new Map<string, number>();
  total = 0;

  add({ functionName, url, lineNumber }: CallFrame, amount: number): void {
    const file = shortened(url);
    const name = functionName === "" ? "(anonymous)" : functionName;
    const place = file === "" ? name : `${name}  ${file}:${lineNumber + 1}`;
    this.total += amount;
    this.functions.set(place, (this.functions.get(place) ?? 0) + amount);
    const whose = file === "" ? name : file;
    this.files.set(whose, (this.files.get(whose) ?? 0) + amount);
  }
}

/** From `src`, from `node_modules`, or as it is. */
function shortened(url: string): string {
  return url.replace(/^file:\/\/.*?\/(?=src\/|node_modules\/|dist\/)/, "");
}

/** The largest, one a line, with their share of the whole. */
export function topOf(shares: ReadonlyMap<string, number>, total: number, rows: number): string {
  return [...shares]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, rows)
    .map(([name, amount]) => `${((100 * amount) / total).toFixed(1).padStart(5)} %  ${name}`)
    .join("\n");
}
