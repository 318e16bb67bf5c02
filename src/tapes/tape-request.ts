/** A request as it stands on a tape, and what makes two requests the same one. */
import { createHash } from "node:crypto";
import type { UpstreamBody, UpstreamRequest } from "../upstreams/upstream.ts";
import { mediaMarker } from "./media-store.ts";
import { SensitiveText } from "./sensitive-text.ts";
import { StandIns, type SensitiveKind } from "./stand-ins.ts";

export interface TapeRequest {
  method: "GET" | "POST";
  /** With what is kept of the query. */
  path: string;
  /** A JSON value, text where it was none, undefined where there was none. */
  body: unknown;
}

/** Anything else in a query may be a key. */
const KEPT_PARAMETERS = new Set(["alt", "filter", "pageSize", "pageToken", "view"]);

const KEPT_HEADERS = [
  "content-type",
  "x-vertex-ai-llm-request-type",
  "x-vertex-ai-llm-shared-request-type",
  "x-emulator-fault",
];

export function readRequest({ method, path, body }: UpstreamRequest): TapeRequest {
  const [bare = "", query] = path.split("?", 2);
  const kept = (query ?? "").split("&").filter((pair) => KEPT_PARAMETERS.has(pair.split("=", 1)[0] ?? ""));
  return { method, path: kept.length === 0 ? bare : `${bare}?${kept.join("&")}`, body: readBody(body) };
}

function readBody(body: UpstreamBody | undefined): unknown {
  if (body === undefined) return undefined;
  const text =
    typeof body === "string"
      ? body
      : body instanceof Uint8Array
        ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")
        : Buffer.concat(body).toString("utf8");
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export function keptHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[] = KEPT_HEADERS,
): Record<string, string> | undefined {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === "string") kept[name] = value;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** The projects that a path names. */
export function projectsIn(path: string): string[] {
  return [...path.matchAll(/\/projects\/([^/?]+)/g)].map(([, project = ""]) => project);
}

type Replace = (kind: SensitiveKind, value: string) => string;

/** The same request with keys in order, media told by their hashes, and stand-ins for what must not be on a tape. */
export function withStandIns(
  { method, path, body }: TapeRequest,
  sensitive: SensitiveText,
  replace: Replace,
): TapeRequest {
  const text = (value: string): string => sensitive.replace(value, replace);
  // By what stands on every tape: an address that is a key must not decide what is numbered first.
  const rank = (key: string): string => sensitive.replace(key, (kind) => kind);
  return { method, path: text(path), body: body === undefined ? undefined : canonical(body, text, rank) };
}

function canonical(
  value: unknown,
  text: (value: string) => string,
  rank: (key: string) => string,
  property = "",
): unknown {
  if (typeof value === "string") {
    return mediaMarker(value) ?? (isOpaque(property, value) ? value : text(value));
  }
  if (typeof value === "number") {
    const spelled = String(value);
    const replaced = spelled.length < 8 ? spelled : text(spelled);
    if (replaced === spelled) return value;
    return Number.isSafeInteger(Number(replaced)) ? Number(replaced) : replaced;
  }
  if (Array.isArray(value)) return value.map((item) => canonical(item, text, rank, property));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value)
    .map(([key, member]) => ({ key, member, rank: rank(key) }))
    .sort((one, other) => (one.rank === other.rank ? 0 : one.rank < other.rank ? -1 : 1))
    .map(({ key, member }) => [text(key), canonical(member, text, rank, key)] as const);
  return Object.fromEntries(members);
}

function isOpaque(property: string, value: string): boolean {
  return (
    (property === "data" || property === "thoughtSignature" || property === "thought_signature") &&
    /^[A-Za-z0-9+/_-]*={0,2}$/.test(value)
  );
}

/** A request as it is compared, and the values that its stand-ins stand for. */
export interface ComparedRequest {
  request: TapeRequest;
  /** Equal for requests that are the same. */
  key: string;
  standIns: StandIns;
}

/**
 * Numbers the stand-ins of this one request from 1 on. As stand-ins are found where values are, a request off a tape
 * and the live one that it was made from come out the same, whoever had which number on the tape.
 */
export function compared(
  request: TapeRequest,
  known: ConstructorParameters<typeof SensitiveText>[0] = {},
): ComparedRequest {
  const standIns = new StandIns();
  const projects = [...(known.projects ?? []), ...projectsIn(request.path)];
  const sensitive = new SensitiveText({ ...known, projects });
  const plain = withStandIns(request, sensitive, (kind, value) => standIns.for(kind, value));
  // What stands before the version is where a proxy has put the API.
  const path = plain.path.replace(/^.*?(?=\/v\d)/, "");
  const normal = { method: plain.method, path, body: comparable(plain.body, new Map()) };
  const key = createHash("sha256").update(JSON.stringify(normal)).digest("hex");
  return { request: normal, key, standIns };
}

const CALL_IDS = new Set(["tool_call_id", "call_id"]);

/**
 * Without thought signatures, which are new in every run, and with the ids of tool calls numbered: those that the
 * gateway gave are new as well.
 */
function comparable(value: unknown, ids: Map<string, string>, parent = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item, ids, parent));
  if (typeof value !== "object" || value === null) return value;
  const members: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    if (key === "thoughtSignature" || key === "thought_signature") continue;
    const isId =
      CALL_IDS.has(key) ||
      (key === "id" && ["functionCall", "functionResponse", "tool_calls"].includes(parent));
    members.push([
      key,
      isId && typeof member === "string" ? numbered(member, ids) : comparable(member, ids, key),
    ]);
  }
  return Object.fromEntries(members);
}

function numbered(id: string, ids: Map<string, string>): string {
  let number = ids.get(id);
  if (number === undefined) ids.set(id, (number = `call-${ids.size + 1}`));
  return number;
}
