/** The majors of `openai` for Node that are in use, each as it is published. */
import * as openai4 from "openai4";
import * as zodHelpers4 from "openai4/helpers/zod";
import * as openai5 from "openai5";
import * as zodHelpers5 from "openai5/helpers/zod";
import * as openai6 from "openai6";
import * as zodHelpers6 from "openai6/helpers/zod";
import * as openai7 from "openai7";
import * as zodHelpers7 from "openai7/helpers/zod";
import { z as zod3 } from "zod/v3";
import { z as zod4 } from "zod/v4";

type Sdk = typeof openai7;

export interface Major {
  major: number;
  /** All majors are used through the newest one's types; what they share is what is tested. */
  sdk: Sdk;
  zodResponseFormat: typeof zodHelpers7.zodResponseFormat;
  /** The zod that this major supports. */
  z: typeof zod4;
}

export const MAJORS: readonly Major[] = [
  entry(4, openai4, zodHelpers4, zod3),
  entry(5, openai5, zodHelpers5, zod3),
  entry(6, openai6, zodHelpers6, zod4),
  entry(7, openai7, zodHelpers7, zod4),
];

function entry(major: number, sdk: unknown, helpers: { zodResponseFormat: unknown }, z: unknown): Major {
  return {
    major,
    sdk: sdk as Sdk,
    zodResponseFormat: helpers.zodResponseFormat as Major["zodResponseFormat"],
    z: z as Major["z"],
  };
}

/** `stream`, `parse` and `runTools` lived under `beta` up to major 4. */
export function helpersOf(client: InstanceType<Sdk["OpenAI"]>): typeof client.chat.completions {
  const beta = client.beta as { chat?: { completions: typeof client.chat.completions } };
  return beta.chat?.completions ?? client.chat.completions;
}
