import { GatewayError } from "../errors.ts";

/** An upstream may say back the key it was sent, in any words and anywhere; shorter ones would be found in any text. */
const LEAST_LENGTH = 8;
const LEFT_OUT = "[credential]";

/** The text without one secret. One that is so short that ordinary words hold it stays. */
export function withoutSecret(text: string, secret: string): string {
  return secret.length < LEAST_LENGTH ? text : text.replaceAll(secret, LEFT_OUT);
}

/** The same failure with none of the configured secrets in its words. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof GatewayError)) return error;
  const { failure, message } = error;
  const said = failure.kind === "upstream" ? failure.said : undefined;
  const found = secrets.filter(
    (secret) =>
      secret.length >= LEAST_LENGTH && (message.includes(secret) || said?.includes(secret) === true),
  );
  if (found.length === 0) return error;
  const clean = (text: string): string => found.reduce(withoutSecret, text);
  return new GatewayError(
    failure.kind === "upstream" && said !== undefined ? { ...failure, said: clean(said) } : failure,
    clean(message),
  );
}
