/** One case against one gateway: its exchanges in order, and whether its facts hold. */
import { addressOf } from "./address.ts";
import { askPlainly, type PlainRequest, type Seen } from "./plain-client.ts";
import type { CaseRequest, Exchange } from "./case-schema.ts";
import { curlOf } from "./curl.ts";
import { type Fact, violations } from "./fact.ts";
import { valueAt } from "./fact-path.ts";
import type { OpenGateway } from "./gateway-under-test.ts";
import type { Case } from "./load-cases.ts";
import { type Bindings, filled } from "./placeholders.ts";
import type { Failure, Viewpoint } from "./result.ts";
import type { RecordedCall, ScriptedGoogle } from "./scripted-google.ts";

const WITHIN_MS = 15_000;
/** Real models think. */
const OPEN_WITHIN_MS = 180_000;

/** One way to make the requests of a case, and which of its facts it can judge. */
export interface Driver {
  viewpoint: "seen" | "node" | "python";
  ask: (request: CaseRequest, gateway: OpenGateway, withinMs: number) => Promise<DriverView>;
}

export interface DriverView {
  /** What facts and captures are about. */
  view: object;
  request: Omit<PlainRequest, "leave" | "withinMs">;
}

export const PLAIN: Driver = {
  viewpoint: "seen",
  ask: async (request, gateway, withinMs) => {
    const plain = plainRequest(request, gateway);
    const view: Seen = await askPlainly({ ...plain, leave: request.leave, withinMs });
    return { view, request: plain };
  },
};

/**
 * All exchanges of a case by one driver; the first that fails is the last.
 * @param google undefined: a real model is behind, and only facts that are open are judged
 */
export async function runCase(
  one: Case,
  gateway: OpenGateway,
  google: ScriptedGoogle | undefined,
  driver: Driver = PLAIN,
): Promise<Failure[]> {
  const captured: Record<string, unknown> = {};
  const bindings: Bindings = { model: gateway.model(one.model), captured };
  for (const [index, exchange] of one.exchanges.entries()) {
    google?.begin(exchange.google);
    const { view, request } = await driver.ask(
      filled(exchange.request, bindings),
      gateway,
      exchange.within_ms ?? (google === undefined ? OPEN_WITHIN_MS : WITHIN_MS),
    );
    const calls = await google?.settle();
    const repeat = curlOf(request, gateway.secretKey);
    const answer = shortAnswer(view);
    const failures = judge(exchange, driver.viewpoint, view, calls, bindings).map((failure) => ({
      ...failure,
      exchange: index,
      answer,
      curl: repeat,
    }));
    if (failures.length > 0) return failures;
    for (const [name, path] of Object.entries(exchange.capture ?? {})) {
      const value = valueAt(view, path);
      if (value === undefined) {
        const missing = {
          viewpoint: driver.viewpoint,
          path,
          expected: `is captured as ${name}`,
          seen: undefined,
        };
        return [{ ...missing, exchange: index, answer, curl: repeat }];
      }
      captured[name] = value;
    }
  }
  return [];
}

const LONGEST_ANSWER = 600;

/** `400 {"error":…}`, or what an SDK threw or gave. */
function shortAnswer(view: object): string {
  const { status, text, failed, late, left, thrown, completion } = view as Partial<Seen> & {
    thrown?: unknown;
    completion?: unknown;
  };
  const told = [
    ...(status === undefined ? [] : [`${status} ${text ?? ""}`.trim()]),
    ...(failed === undefined ? [] : [failed]),
    ...(late === true ? ["nothing more in time"] : []),
    ...(left === true ? ["left"] : []),
    ...(thrown === undefined ? [] : [`thrown ${JSON.stringify(thrown)}`]),
    ...(completion === undefined ? [] : [JSON.stringify(completion)]),
  ].join("; ");
  return told.length > LONGEST_ANSWER ? `${told.slice(0, LONGEST_ANSWER)}…` : told;
}

type Found = Omit<Failure, "exchange" | "answer" | "curl">;

function judge(
  exchange: Exchange,
  viewpoint: Driver["viewpoint"],
  view: object,
  calls: readonly RecordedCall[] | undefined,
  bindings: Bindings,
): Found[] {
  const found: Found[] = [];
  const look = (at: Viewpoint, facts: readonly Fact[] | undefined, root: unknown): void => {
    if (facts === undefined) return;
    const judged = calls === undefined ? facts.filter((fact) => fact.open === true) : facts;
    for (const violation of violations(filled(judged, bindings), root))
      found.push({ viewpoint: at, ...violation });
  };
  if ("late" in view) {
    found.push({ viewpoint, path: "", expected: "a whole answer in time", seen: shortAnswer(view) });
  }
  if (viewpoint !== "seen") {
    look(viewpoint, exchange.sdk?.[viewpoint], view);
    return found;
  }
  if (calls !== undefined) {
    found.push(...callCount(exchange, calls));
    look("sent", exchange.sent, calls);
  }
  look("seen", exchange.seen, view);
  return found;
}

function callCount({ google, calls }: Exchange, recorded: readonly RecordedCall[]): Found[] {
  const wanted = google === undefined ? 0 : calls;
  if (wanted === undefined) return [];
  const { min = 0, max = Infinity } = typeof wanted === "number" ? { min: wanted, max: wanted } : wanted;
  const count = recorded.filter(({ method }) => method !== "GET").length;
  if (count >= min && count <= max) return [];
  const expected = min === max ? `${min}` : `from ${min}${max === Infinity ? " on" : ` to ${max}`}`;
  return [{ viewpoint: "calls", path: "", expected: `${expected} calls reach Google`, seen: count }];
}

export function plainRequest(request: CaseRequest, gateway: OpenGateway): DriverView["request"] {
  const body = request.raw ?? (Object.hasOwn(request, "json") ? JSON.stringify(request.json) : undefined);
  return {
    url: addressOf(gateway, request.path),
    method: request.method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...gateway.headers,
      ...request.headers,
    },
    body,
  };
}
