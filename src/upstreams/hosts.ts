/** Google's hosts, and the pieces of a path that callers choose: checked here, so that they can choose nothing else. */
import { GatewayError, invalidRequest } from "../errors.ts";

export const GEMINI_API_ORIGIN = "https://generativelanguage.googleapis.com";

/**
 * The Vertex AI host for a location. `global` has no prefix (`global-aiplatform.googleapis.com` does not exist), the
 * multi-regions are under `rep.googleapis.com`. Source: `_api_client.ts` of https://github.com/googleapis/js-genai.
 */
export function vertexOrigin(location: string): string {
  switch (checkLocation(location)) {
    case "global":
      return "https://aiplatform.googleapis.com";
    case "us":
    case "eu":
      return `https://aiplatform.${location}.rep.googleapis.com`;
    default:
      return `https://${location}-aiplatform.googleapis.com`;
  }
}

/** An id, a number, or an id with its domain (`example.com:app`). Throws a 400 naming `project`. */
export function checkProject(project: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/.test(project) && !project.includes("..")) return project;
  throw refused(
    "project",
    "project",
    project,
    "a Google Cloud project id or number, for example `my-project-123`",
  );
}

/** Throws a 400 naming `location`. */
export function checkLocation(location: string): string {
  if (location.length <= 40 && /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(location)) return location;
  throw refused("location", "location", location, "`global`, `us`, `eu` or a region such as `europe-west1`");
}

/** A model id without publisher, for example `gemini-3.5-flash`. Throws a 400 naming `model`. */
export function checkModel(model: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(model) && !model.includes("..")) return model;
  throw refused("model", "model", model, "a Gemini model id such as `google/gemini-3.5-flash`");
}

/** Throws a 400 naming `endpoint`. */
export function checkEndpoint(endpointId: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(endpointId)) return endpointId;
  throw refused(
    "endpoint",
    "endpoint id",
    endpointId,
    "the number or id that Vertex AI shows for the endpoint",
  );
}

/** Bases taken apart before. Those of Vertex AI have a location in them that callers choose, so they are not kept for ever. */
const bases = new Map<string, { origin: string; prefix: string }>();
const MAX_BASES = 256;

function baseOf(base: string): { origin: string; prefix: string } {
  let known = bases.get(base);
  if (known === undefined) {
    const { origin, pathname } = new URL(base);
    known = { origin, prefix: pathname === "/" ? "" : pathname };
    if (bases.size >= MAX_BASES) bases.clear();
    bases.set(base, known);
  }
  return known;
}

/** Nothing in it that means something to a URL but the slashes, one question mark, and no segment of dots alone. */
const PLAIN_PATH = /^(?:\/(?!\.{1,2}(?:[/?]|$))[\w.~:@-]+)+(?:\?[\w=&.-]+)?$/;

/** Origin and path, with proof that nothing in the path has moved the request to another host. */
export function joinAddress(base: string, path: string): { origin: string; path: string } {
  const { origin, prefix } = baseOf(base);
  const address = { origin, path: prefix + path };
  if (PLAIN_PATH.test(path)) return address;
  const url = new URL(origin + prefix + path);
  if (url.origin !== origin || url.pathname + url.search !== address.path || url.hash !== "") {
    throw invalidRequest(null, "The address of this request is not a valid path on the upstream.");
  }
  return address;
}

function refused(param: string, what: string, value: string, expected: string): GatewayError {
  const shown = value.length > 80 ? `${value.slice(0, 80)}...` : value;
  return invalidRequest(
    param,
    `${param}: ${JSON.stringify(shown)} is not a valid ${what}; expected ${expected}.`,
  );
}
