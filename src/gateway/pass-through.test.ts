import { describe, expect, test } from "vitest";
import { endpointFailure } from "./pass-through.ts";

const failure = (status: number, body: unknown) =>
  endpointFailure({ status, headers: {}, body: JSON.stringify(body) }, { now: 0 });

describe("endpointFailure", () => {
  test.each<[string, number, unknown, object]>([
    [
      "an error of OpenAI's shape",
      422,
      { error: { message: "No.", type: "bad", code: 7, param: "n" } },
      { status: 422, type: "bad", code: "7", param: "n" },
    ],
    [
      "vLLM's older shape",
      400,
      { object: "error", message: "No.", type: "bad" },
      { status: 400, type: "bad", code: null },
    ],
    ["TGI's words alone", 424, { error: "No.", error_type: "x" }, { status: 424, type: "api_error" }],
    [
      "Google's front end",
      404,
      { error: { code: 404, message: "No.", status: "NOT_FOUND" } },
      { status: 404, code: "not_found" },
    ],
    [
      "a refused credential, whatever its words",
      401,
      { error: { message: "No.", type: "bad" } },
      { status: 502, code: "upstream_auth_error" },
    ],
    ["a redirect, whatever its words", 302, { error: { message: "No.", type: "bad" } }, { status: 502 }],
    ["an answer without a body", 204, { error: { message: "No.", type: "bad" } }, { status: 502 }],
    ["a status of no class", 777, { error: { message: "No.", type: "bad" } }, { status: 502 }],
  ])("%s", (_, status, body, expected) => {
    expect(failure(status, body)).toMatchObject({
      message: expect.stringContaining("No."),
      failure: expected,
    });
  });
});
