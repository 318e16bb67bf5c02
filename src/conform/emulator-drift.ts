/** The embedded emulator against the facts about Google, and Google itself where it may be asked. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, startEmulator } from "../emulator/server.ts";
import { VERTEX_SCOPE } from "./gateway-under-test.ts";
import type { GoogleFact, GoogleSurface } from "./google-fact-schema.ts";
import { type GoogleResult, judgeGoogleFact } from "./google-facts.ts";
import { type Ask, type ClientOptions, googleSdk } from "./google-sdk.ts";

const EMULATED_KEY = "AIzaSyEmulatedEmulatedEmulatedEmulated12";

/** One who answers as Google: the emulator, or Google. */
export interface Answerer {
  name: "the emulator" | "Google";
  /** By surface; one that is not there cannot be asked. */
  ask: Partial<Record<GoogleSurface, Ask>>;
  close(): Promise<void>;
}

/** With credentials checked as strictly as Google checks them. */
export async function emulatedGoogle(): Promise<Answerer> {
  const emulator = await startEmulator({ requireAuth: "strict", apiKeys: [EMULATED_KEY], paceMs: 0 });
  const folder = mkdtempSync(join(tmpdir(), "pollux-conform-"));
  const httpOptions = { baseUrl: emulator.url };
  return {
    name: "the emulator",
    ask: {
      "gemini-api": await googleSdk({ apiKey: EMULATED_KEY, vertexai: false, httpOptions }),
      vertex: await googleSdk(emulatedVertex(emulator, folder)),
    },
    close: async () => {
      rmSync(folder, { recursive: true });
      await emulator.close();
    },
  };
}

function emulatedVertex(emulator: Emulator, folder: string): ClientOptions {
  const { project } = VERTEX_SCOPE;
  const token = join(folder, "subject-token");
  writeFileSync(token, "eyJzdWIiOiJtZSJ9");
  return {
    vertexai: true,
    project,
    // Where the newest models are.
    location: "global",
    httpOptions: { baseUrl: emulator.url },
    googleAuthOptions: {
      projectId: project,
      // Workload identity is the one kind of file whose addresses Google's library takes from the file.
      credentials: {
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `${emulator.url}/v1/token`,
        service_account_impersonation_url: `${emulator.url}/v1/projects/-/serviceAccounts/conform@${project}.iam.gserviceaccount.com:generateAccessToken`,
        credential_source: { file: token },
      },
    },
  };
}

/** By what stands in the environment: `GEMINI_API_KEY`, and `GOOGLE_CLOUD_PROJECT` with application default credentials. */
export async function realGoogle(env: NodeJS.ProcessEnv): Promise<Answerer> {
  const {
    GEMINI_API_KEY: apiKey,
    GOOGLE_CLOUD_PROJECT: project,
    GOOGLE_CLOUD_LOCATION: location = "global",
  } = env;
  const ask: Answerer["ask"] = {};
  if (apiKey !== undefined && apiKey !== "") ask["gemini-api"] = await googleSdk({ apiKey, vertexai: false });
  if (project !== undefined && project !== "")
    ask.vertex = await googleSdk({ vertexai: true, project, location });
  return { name: "Google", ask, close: () => Promise.resolve() };
}

/** One after the other: Google limits how many come at a time. */
export async function judgeAnswerer(
  facts: readonly GoogleFact[],
  { ask }: Answerer,
  onResult: (result: GoogleResult) => void = () => undefined,
): Promise<GoogleResult[]> {
  const results: GoogleResult[] = [];
  for (const fact of facts) {
    for (const surface of fact.surfaces) {
      const how = ask[surface];
      if (how === undefined) continue;
      const result = await judgeGoogleFact(fact, surface, how);
      results.push(result);
      onResult(result);
    }
  }
  return results;
}
