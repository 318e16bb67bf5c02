import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import {
  type Case,
  CASES_FOLDER,
  type CaseResult,
  type Driver,
  failureText,
  freePort,
  type GatewayUnderTest,
  holdCase,
  htmlReport,
  loadCases,
  nodeSdk,
  openCalls,
  type Report,
  reportOf,
  runCases,
  type Running,
  runningGateway,
  runningUnderTest,
  runOpen,
  sectionTable,
  showProgress,
  startBifrost,
  startLitellm,
  startPollux,
  startPortkey,
  startPythonSdk,
  VERTEX_SCOPE,
  whyNot,
} from "../conform/conform.ts";
import { parseBaseUrl, SettingsError } from "../settings.ts";
import { conformEmulator } from "./conform-emulator.ts";
import { type ConformFlags, conformFlags } from "./conform-flags.ts";
import { print, printError } from "./terminal.ts";

export function conformCommand(): Command {
  return conformFlags(
    new Command("conform").description("Hold any gateway to what OpenAI's clients depend on, case by case."),
  ).action((flags: ConformFlags) => run(flags));
}

async function run(flags: ConformFlags): Promise<void> {
  if (flags.real === true && flags.emulator !== true)
    throw new SettingsError("--real", "goes with --emulator.");
  if (flags.emulator === true) return conformEmulator(flags);
  if (flags.hold !== undefined) return hold(flags.hold, flags);
  const cases = chosenCases(flags);
  const running = runningOf(flags);
  if (running !== undefined && flags.google === undefined) return runInTheOpen(cases, running, flags);
  if (flags.dryRun === true)
    return print(`${cases.length} cases in closed loop; no call leaves this machine.`);
  const sdks = await officialSdks(flags.python);
  const googlePort = flags.google ?? (flags.start === "pollux" ? undefined : await freePort());
  const gateway = await gatewayOf(flags, running, cases, googlePort);
  const progress = showProgress(cases.length, process.stderr);
  try {
    const results = await runCases(cases, gateway, {
      sdks: sdks.drivers,
      onResult: progress.onResult,
      ...(googlePort === undefined ? {} : { googlePort }),
    });
    progress.end();
    conclude(results, flags, running?.key, {
      gateway: { name: gateway.name, version: gateway.version, configuration: gateway.configuration },
      mode: "closed",
      sdks: sdks.versions,
    });
  } finally {
    sdks.close();
    await gateway.close();
  }
}

function chosenCases(flags: ConformFlags): Case[] {
  const cases = loadCases(flags.cases ?? CASES_FOLDER, flags.only).filter(
    ({ profile }) => flags.profile === "strict" || profile === "basic",
  );
  if (cases.length === 0) {
    throw new SettingsError("--only", "there is no such case; a name is a section, or section/name.");
  }
  return cases;
}

function runningOf(flags: ConformFlags): Running | undefined {
  const { against, google, key = process.env["OPENAI_API_KEY"], header: headers = {} } = flags;
  if (against === undefined) {
    if (google !== undefined) throw new SettingsError("--google", "goes with --against.");
    return undefined;
  }
  const { url, problem } = parseBaseUrl(against, "anywhere");
  if (url === undefined) throw new SettingsError("--against", problem ?? "is no address.");
  if (google === undefined && flags.model === undefined) {
    throw new SettingsError("--model", "say which model to ask for.");
  }
  return { url: new URL(url), key, model: flags.model ?? "{model}", headers };
}

/** @throws SettingsError where the gateway to start is not said to be anywhere */
async function gatewayOf(
  flags: ConformFlags,
  running: Running | undefined,
  cases: readonly Case[],
  googlePort: number | undefined,
): Promise<GatewayUnderTest> {
  const google = `http://127.0.0.1:${googlePort}`;
  if (running !== undefined) {
    printError(howToPoint(google));
    return runningUnderTest(running, new Set(flags.surface ?? ["gemini-api"]));
  }
  switch (flags.start) {
    case "pollux":
      return startPollux();
    case "portkey":
      return startPortkey(needed("portkey", flags.portkey));
    case "litellm": {
      const models = new Set(cases.map(({ model }) => model));
      return startLitellm(needed("litellm", flags.litellm), models, google);
    }
    case "bifrost":
      return startBifrost(needed("bifrost", flags.bifrost), google);
    default:
      return flags.start satisfies never;
  }
}

function needed(name: string, path: string | undefined): string {
  if (path === undefined) throw new SettingsError(`--${name}`, `say where it is, with --start ${name}.`);
  return path;
}

function howToPoint(google: string): string {
  return `The scripted Google is ${google}. The gateway is to be pointed at it:
  Gemini API  base URL ${google}, or ${google}/v1beta where the version belongs to it; any API key
  Vertex AI   base URL ${google}; project ${VERTEX_SCOPE.project}, location ${VERTEX_SCOPE.location}; any access token, or token endpoint ${google}/token
  Endpoint    ${VERTEX_SCOPE.endpoint}, in the same project and location
Retries, cooldowns and fallbacks of the gateway are best off: each case is to meet it as it is.`;
}

async function runInTheOpen(cases: readonly Case[], running: Running, flags: ConformFlags): Promise<void> {
  const sdks = await officialSdks(flags.python);
  try {
    const { model } = running;
    const runnable = cases.filter((one) => whyNot(one, model) === undefined);
    const calls = runnable.reduce((sum, one) => sum + openCalls(one, sdks.drivers), 0);
    if (flags.dryRun === true) {
      return print(
        `${runnable.length} of ${cases.length} cases can be judged from outside; calls to ${model}: ${calls}`,
      );
    }
    const progress = showProgress(cases.length, process.stderr);
    const results = await runOpen({
      cases,
      gateway: runningGateway(running),
      model,
      sdks: sdks.drivers,
      maxCalls: flags.maxCalls,
      onResult: progress.onResult,
    });
    progress.end();
    conclude(results, flags, running.key, {
      gateway: { name: running.url.host, version: "", configuration: `As it runs, model ${model}` },
      mode: "open",
      sdks: sdks.versions,
    });
  } finally {
    sdks.close();
  }
}

interface Sdks {
  drivers: Driver[];
  versions: { node?: string; python?: string };
  close(): void;
}

async function officialSdks(python: string | undefined): Promise<Sdks> {
  const sdks: Sdks = { drivers: [], versions: {}, close: () => undefined };
  const node = await nodeSdk();
  if (node !== undefined) {
    sdks.drivers.push(node.driver);
    sdks.versions.node = node.version;
  }
  if (python === undefined) return sdks;
  const started = await startPythonSdk(python).catch((error: unknown) => {
    throw new SettingsError("--python", error instanceof Error ? error.message : String(error));
  });
  sdks.drivers.push(started.driver);
  sdks.versions.python = started.version;
  return { ...sdks, close: () => started.close() };
}

function conclude(
  results: readonly CaseResult[],
  flags: ConformFlags,
  key: string | undefined,
  about: Pick<Report, "gateway" | "mode" | "sdks">,
): void {
  const report = reportOf(results, { ...about, profile: flags.profile, date: new Date() });
  // A gateway may say the caller's key back.
  const shown = (text: string): string =>
    key === undefined || key === "" ? text : text.replaceAll(key, "$OPENAI_API_KEY");
  for (const result of results) if (result.outcome === "failed") print(`${shown(failureText(result))}\n`);
  print(sectionTable(results));
  for (const line of notJudged(results)) print(line);
  if (about.mode === "closed" && report.totals.failed > 0) {
    print(
      "`pollux conform --hold SECTION/NAME` leaves gateway and Google up for one case, so that its curl can be repeated.",
    );
  }
  if (flags.json !== undefined) writeFileSync(flags.json, shown(`${JSON.stringify(report, null, 2)}\n`));
  if (flags.html !== undefined) writeFileSync(flags.html, shown(htmlReport(report)));
  const { exact, failed } = report.totals;
  const enough = exact + failed > 0 && 100 * exact >= flags.threshold * (exact + failed);
  process.exitCode = enough ? 0 : 1;
}

/** Each reason once, with how many cases it is true of. */
function notJudged(results: readonly CaseResult[]): string[] {
  const counts = new Map<string, number>();
  for (const why of results.flatMap((result) => result.notJudged))
    counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(
    ([why, count]) => `not judged in ${count} ${count === 1 ? "case" : "cases"}: ${why}`,
  );
}

async function hold(id: string, flags: ConformFlags): Promise<void> {
  const [one] = loadCases(flags.cases ?? CASES_FOLDER, [id]);
  if (one === undefined || one.id !== id)
    throw new SettingsError("--hold", "there is no such case; a name is section/name.");
  const port = flags.start === "pollux" ? undefined : await freePort();
  const gateway = await gatewayOf(flags, undefined, [one], port);
  const held = await holdCase(one, gateway, port);
  print(held.curl);
  printError("Stop with Ctrl-C.");
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await held.close();
  await gateway.close();
}
