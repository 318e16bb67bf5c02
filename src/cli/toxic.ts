import { Command } from "commander";
import { startFaultProxy, type Toxic } from "../toxics/fault-proxy.ts";
import { VERSION } from "../version.ts";
import { collectToxic, TOXIC_FLAG, TOXIC_SEED_FLAG, toxicHelp, wholeNumber } from "./toxic-flags.ts";

interface ToxicFlags {
  upstream: string;
  host: string;
  listen: number;
  toxic?: Toxic[];
  toxicSeed: number;
}

export function toxicCommand(): Command {
  return new Command("toxic")
    .description("Put a bad network in front of anything: a TCP proxy that delays, slices, cuts and resets.")
    .requiredOption(
      "--upstream <address>",
      "what to stand in front of: host:port, http://host:port or https://host",
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--listen <port>", "port to listen on, 0 for any free one", wholeNumber, 0)
    .option("--toxic <toxic>", TOXIC_FLAG, collectToxic)
    .option("--toxic-seed <number>", TOXIC_SEED_FLAG, wholeNumber, 0)
    .addHelpText(
      "after",
      `
${toxicHelp()}

Examples:
  pollux toxic --upstream 127.0.0.1:4364 --listen 4366 --toxic latency:latency=200,jitter=50
  pollux toxic --upstream 127.0.0.1:4364 --toxic slicer:average_size=1 --toxic limit_data:bytes=900
  pollux toxic --upstream 127.0.0.1:4364 --toxic reset_peer:toxicity=0.1,timeout=500 --toxic-seed 7
  pollux toxic --upstream 127.0.0.1:4364 --toxic blackhole`,
    )
    .action((flags: ToxicFlags) => run(flags));
}

async function run(flags: ToxicFlags): Promise<void> {
  const { upstream, host, listen: port, toxic: toxics = [], toxicSeed: seed } = flags;
  const proxy = await startFaultProxy({ upstream, host, port, seed, toxics });
  console.log(`pollux ${VERSION} fault proxy is ready: ${proxy.url}\n  before ${upstream}`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await proxy.close();
}
