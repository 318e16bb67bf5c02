/** What Linux says of a process: its processor time and its memory, and how busy a core is. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Processor time of a process and its children, all threads, in microseconds: the scheduler's own count. */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const member of family(pid)) {
    for (const thread of list(`/proc/${member}/task`)) {
      nanos += Number(read(`/proc/${member}/task/${thread}/schedstat`).split(" ")[0] ?? 0);
    }
  }
  return nanos / 1000;
}

/** Resident memory of a process and its children, in bytes. */
export function residentBytes(pid: number): number {
  return kilobytesOf(pid, "VmRSS") * 1024;
}

/** The most that was resident since `forgetPeak`, in bytes. */
export function peakBytes(pid: number): number {
  return kilobytesOf(pid, "VmHWM") * 1024;
}

/** https://docs.kernel.org/filesystems/proc.html: 5 in clear_refs resets the peak of resident memory. */
export function forgetPeak(pid: number): void {
  for (const member of family(pid)) writeFileSync(`/proc/${member}/clear_refs`, "5");
}

/** Hundredths of a second that a core has been busy, and all of them, since the machine started. */
export function coreTimes(core: string): { busy: number; all: number } {
  const line = new RegExp(`^cpu${core} (.*)$`, "m").exec(read("/proc/stat"))?.[1] ?? "";
  // user nice system idle iowait irq softirq steal: time that a host took away counts as busy, as it cannot be used.
  const times = line.split(" ").slice(0, 8).map(Number);
  const all = times.reduce((sum, time) => sum + time, 0);
  return { busy: all - (times[3] ?? 0) - (times[4] ?? 0), all };
}

/** The process and all that it has started, and they in turn. */
export function family(pid: number): number[] {
  const members = [pid];
  for (const thread of list(`/proc/${pid}/task`)) {
    for (const child of read(`/proc/${pid}/task/${thread}/children`).split(" ")) {
      if (child.trim() !== "") members.push(...family(Number(child)));
    }
  }
  return members;
}

function kilobytesOf(pid: number, field: string): number {
  let kilobytes = 0;
  for (const member of family(pid)) {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(read(`/proc/${member}/status`));
    kilobytes += Number(found?.[1] ?? 0);
  }
  return kilobytes;
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
