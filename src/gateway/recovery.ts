/** Which failures of a first try are worth one more, before anything was sent to the client. */
import { GatewayError } from "../errors.ts";
import type { RequestContext } from "../translate/target.ts";

type Repair = RequestContext["repair"];

/** A function call that came out malformed usually comes out well the next time. */
const WORTH_REPEATING = new Set(["malformed_function_call"]);

/**
 * Runs `attempt`, and once more where the failure can be mended:
 * a 400 that refuses `functionCall.id` (hosts differ in taking it), a 400 about a corrupted thought signature,
 * and a malformed function call. `attempt` must not have sent anything to the client when it rejects.
 */
export function withRecovery<T>(
  attempt: (repair: Repair) => Promise<T>,
  mayRepeat: () => boolean,
): Promise<T> {
  return attempt({}).catch((error: unknown) => {
    const repair = repairFor(error);
    if (repair === undefined || !mayRepeat()) throw error;
    return attempt(repair).catch((second: unknown) => {
      throw exhausted(second);
    });
  });
}

/** The change that could make a refused request pass; undefined if repeating cannot help. */
function repairFor(error: unknown): Repair | undefined {
  if (!(error instanceof GatewayError) || error.failure.kind !== "upstream") return undefined;
  const { status, code } = error.failure;
  if (code !== null && WORTH_REPEATING.has(code)) return {};
  if (status !== 400) return undefined;
  if (/Unknown name "id"/.test(error.message)) return { withoutCallIds: true };
  if (/thought[_ ]signature/i.test(error.message)) return { bypassSignatures: true };
  return undefined;
}

/** What has been repeated here already, the SDKs are told not to repeat: two tries would become six. */
function exhausted(error: unknown): unknown {
  if (!(error instanceof GatewayError) || error.failure.kind !== "upstream") return error;
  if (error.failure.code === null || !WORTH_REPEATING.has(error.failure.code)) return error;
  return new GatewayError({ ...error.failure, shouldRetry: false }, error.message, { cause: error });
}
