import { expect, test } from "vitest";
import { loadText } from "../../test/support/config-folder.ts";
import { describeProblem } from "./config-error.ts";

const GOOGLE = "upstreams: { g: { kind: gemini-api } }";
const VERTEX = "upstreams: { v: { kind: vertex, project: my-project, location: europe-west1 } }";
const ENDPOINT =
  "upstreams: { e: { kind: vertex-endpoint, project: my-project, location: us-central1, endpoint: '123' } }";
const OWN = "upstreams: { o: { kind: openai-compatible, baseUrl: 'https://gpu.example:8443/v1' } }";
const NEAR =
  "upstreams: { o: { kind: openai-compatible, baseUrl: 'http://127.0.0.1:8000/v1' }, e: { kind: emulator } }";
const PROXY = "http://user:hush@proxy.example:3128";

const warningsOf = (text: string, env: Record<string, string>): string[] =>
  loadText(text, env).warnings.map(describeProblem);

test.each([
  ["HTTPS_PROXY", GOOGLE, "generativelanguage.googleapis.com"],
  ["https_proxy", VERTEX, "aiplatform.googleapis.com"],
  ["HTTP_PROXY", OWN, "gpu.example", "https://gpu.example:8443"],
  ["ALL_PROXY", ENDPOINT, "aiplatform.googleapis.com"],
])(
  "%s is told to be of no use, without what it holds",
  (variable, text, host, address = `https://${host}`) => {
    const warnings = warningsOf(text, { [variable]: PROXY });
    expect(warnings).toEqual([
      `${variable}: is not used: ${host} is connected to directly. To see whether this machine can, run \`curl --noproxy '*' -sSI ${address}\`; if so, add the host to NO_PROXY, if not, give the upstream a baseUrl that leads there`,
    ]);
  },
);

test.each([
  ["there is none", GOOGLE, {}],
  ["it is empty", GOOGLE, { HTTPS_PROXY: "" }],
  ["all upstreams are on this machine", NEAR, { HTTPS_PROXY: PROXY }],
  ["nothing goes through it", GOOGLE, { HTTPS_PROXY: PROXY, NO_PROXY: "*" }],
  ["the host is excepted", OWN, { HTTPS_PROXY: PROXY, NO_PROXY: "a.example, GPU.example:8443" }],
  ["its domain is", GOOGLE, { HTTPS_PROXY: PROXY, NO_PROXY: ".googleapis.com" }],
  ["its domain is, in other words", VERTEX, { HTTPS_PROXY: PROXY, no_proxy: "*.googleapis.com" }],
  [
    "the upstream leads elsewhere",
    "upstreams: { g: { kind: gemini-api, baseUrl: 'http://127.0.0.1:9' } }",
    { HTTPS_PROXY: PROXY },
  ],
])("nothing is told where %s", (_name, text, env: Record<string, string>) => {
  expect(warningsOf(text, env)).toEqual([]);
});

test("a host is not excepted by the end of another name", () => {
  expect(warningsOf(OWN, { HTTPS_PROXY: PROXY, NO_PROXY: "u.example,example.com" })).toHaveLength(1);
});
