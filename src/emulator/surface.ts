/** The two services that speak `generateContent`; requests are told apart by their path. */
export type Surface = "vertex" | "gemini-api";

/** Proto package whose names appear in error texts. */
export function protoPackage(surface: Surface, version: string): string {
  return surface === "vertex"
    ? `google.cloud.aiplatform.${version}`
    : `google.ai.generativelanguage.${version}`;
}

export function serviceName(surface: Surface): string {
  return surface === "vertex" ? "aiplatform.googleapis.com" : "generativelanguage.googleapis.com";
}
