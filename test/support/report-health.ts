/** Loaded before a program that is watched: answers its parent's questions about what the program costs. */
import { createHistogram, monitorEventLoopDelay } from "node:perf_hooks";

const LOOK_EVERY_MS = 5;

const late = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
late.enable();

/**
 * What the program itself computed between two looks: of a delay, the part that is its own doing. On a machine with
 * nothing else to do the two are alike; on one that is shared, the other also counts the neighbours.
 */
const own = createHistogram();
let usedBefore = usedNow();
setInterval(() => {
  const used = usedNow();
  own.record(Math.max(1, used - usedBefore));
  usedBefore = used;
}, LOOK_EVERY_MS).unref();

/** Of the thread that runs the event loop, in microseconds. */
function usedNow(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const ANSWERS: Readonly<Record<string, () => unknown>> = {
  /** The most memory it ever held, in bytes. */
  peakMemory: () => process.resourceUsage().maxRSS * 1024,
  /** Since it was last asked. */
  loopDelay: () => {
    const answer = {
      p99Ms: late.percentile(99) / 1e6,
      ownP99Ms: own.percentile(99) / 1e3,
      ownMaxMs: own.max / 1e3,
      looks: own.count,
    };
    late.reset();
    own.reset();
    return answer;
  },
};

process.on("message", (question: string) => process.send?.({ question, answer: ANSWERS[question]?.() }));
// Listening for questions is no reason to stay alive.
process.channel?.unref();
