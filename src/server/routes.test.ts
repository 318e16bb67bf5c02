import { describe, expect, test } from "vitest";
import { matchRoute, methodsFor, ROUTES } from "./routes.ts";

const SCOPE = "projects/p-1/locations/us-central1/endpoints";

function match(method: string, path: string): [id: string, parameters: object] | undefined {
  const matched = matchRoute(method, path);
  return matched === undefined ? undefined : [matched.route.id, matched.parameters];
}

describe("matchRoute", () => {
  test.each([
    ["POST", "/v1/chat/completions", "chatCompletions", {}],
    ["POST", "/v1/chat/completions/", "chatCompletions", {}],
    ["POST", "/chat/completions", "chatCompletions", {}],
    ["POST", "/v1beta/openai/chat/completions", "chatCompletions", {}],
    [
      "POST",
      `/v1/${SCOPE}/openapi/chat/completions`,
      "vertexChatCompletions",
      { project: "p-1", location: "us-central1" },
    ],
    [
      "POST",
      `/v1beta1/${SCOPE}/42/chat/completions`,
      "endpointChatCompletions",
      { project: "p-1", location: "us-central1", endpoint: "42" },
    ],
    [
      "POST",
      "/v1/projects/a%2Fb/locations/%E2%82%AC/endpoints/%zz/chat/completions",
      "endpointChatCompletions",
      { project: "a/b", location: "€", endpoint: "%zz" },
    ],
    ["GET", "/v1/models", "listModels", {}],
    ["HEAD", "/v1/models", "listModels", {}],
    ["GET", "/v1/models/gemini-x", "retrieveModel", { model: "gemini-x" }],
    ["GET", "/v1/models/google/gemini-x", "retrieveModel", { model: "google/gemini-x" }],
    ["GET", "/v1/models/google%2Fgemini-x", "retrieveModel", { model: "google/gemini-x" }],
    ["GET", "/healthz", "health", {}],
    ["GET", "/readyz", "ready", {}],
    ["GET", "/openapi.json", "openapi", {}],
  ])("%s %s is %s", (method, path, id, parameters) => {
    expect(match(method, path)).toEqual([id, parameters]);
  });

  test.each([
    ["GET", "/v1/chat/completions"],
    ["POST", "/v1/models"],
    ["get", "/v1/models"],
    ["GET", "//v1/models"],
    ["POST", "/v1//chat/completions"],
    ["POST", "/v1/chat/completions/more"],
    ["POST", "/V1/chat/completions"],
    ["POST", `/v2/${SCOPE}/openapi/chat/completions`],
    ["POST", "/v1/projects//locations/x/endpoints/openapi/chat/completions"],
    ["GET", "/openapiXjson"],
    ["GET", "/"],
    ["GET", ""],
    ["GET", "/constructor"],
  ])("%s %s is none", (method, path) => {
    expect(match(method, path)).toBeUndefined();
  });

  test("takes time in proportion to the path, whatever is in it", () => {
    const long = `/v1/projects/${"a/".repeat(4000)}endpoints/openapi/chat/completions`;
    const started = performance.now();
    expect(match("POST", long)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(100);
  });
});

test.each([
  ["/v1/models", ["GET", "HEAD"]],
  ["/v1/chat/completions", ["POST"]],
  ["/nowhere", []],
])("the methods of %s are %j", (path, methods) => {
  expect(methodsFor(path)).toEqual(methods);
});

test("every route can be reached by its own template", () => {
  for (const { method, path, id } of ROUTES) {
    const example = path.replace(/\{(\w+)\*?\}/g, "x1");
    expect([path, matchRoute(method, example)?.route.id]).toEqual([path, id]);
  }
});
