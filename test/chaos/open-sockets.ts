/** The TCP connections of a process, by the kernel's word, for who looks into what is left over. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** https://docs.kernel.org/networking/proc_net_tcp.html */
const STATES: Readonly<Record<string, string>> = {
  "01": "ESTABLISHED",
  "04": "FIN_WAIT1",
  "05": "FIN_WAIT2",
  "08": "CLOSE_WAIT",
  "09": "LAST_ACK",
  "0A": "LISTEN",
};

/** Such as `port 4364 with port 51000 CLOSE_WAIT`; empty elsewhere. */
export function openSockets(pid: number): string[] {
  try {
    const inodes = new Set(
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
        return inode === undefined ? [] : [inode];
      }),
    );
    return readFileSync(`/proc/${pid}/net/tcp`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => inodes.has(fields[9] ?? ""))
      .map(([, local, remote, state = ""]) => {
        return `port ${portOf(local)} with port ${portOf(remote)} ${STATES[state] ?? state}`;
      });
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since the folder was read.
    return "";
  }
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(":")[1] ?? "0", 16);
}
