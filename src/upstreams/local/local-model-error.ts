/** A GGUF file cannot be served. The message is for the operator, and says what to change. */
export class LocalModelError extends Error {
  override readonly name = "LocalModelError";
}
