/** A gateway that runs already, wherever and whoever started it. */
import type { Surface } from "./case-schema.ts";
import type { GatewayUnderTest, OpenGateway } from "./gateway-under-test.ts";

export interface Running {
  /** With or without its `/v1`. */
  url: URL;
  key: string | undefined;
  /** What it calls a model; `{model}` stands for Google's name. */
  model: string;
  headers: Record<string, string>;
}

export function runningGateway({ url, key, model, headers }: Running): OpenGateway {
  const base = (url.origin + url.pathname).replace(/\/+$/, "");
  return {
    url: url.origin,
    apiBase: url.pathname === "/" ? `${url.origin}/v1` : base,
    headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(key === undefined ? {} : { secretKey: key }),
    model: (name) => model.replaceAll("{model}", name),
    close: () => Promise.resolve(),
  };
}

/** One that was pointed at the scripted Google by hand. */
export function runningUnderTest(running: Running, surfaces: ReadonlySet<Surface>): GatewayUnderTest {
  return {
    name: running.url.host,
    version: "",
    configuration: "Started and pointed at the scripted Google by hand",
    surfaces,
    lanes: 1,
    open: () => Promise.resolve(runningGateway(running)),
    close: () => Promise.resolve(),
  };
}
