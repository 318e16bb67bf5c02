/** The fields that every chunk of a stream repeats: the first chunk settles them. */
import { nonEmpty } from "../gemini-to-openai/lenient.ts";
import { type Json, position } from "./json.ts";
import type { RepairOptions } from "./options.ts";
import type { Repairs } from "./repairs.ts";

interface Constant {
  id: string;
  created: number;
  model: string;
}

const OBJECT = "chat.completion.chunk";

export class StreamEnvelope {
  readonly #options: RepairOptions;
  readonly #repairs: Repairs;
  #constant: Constant | undefined;
  /** What a chunk of our own repeats of the newest one. */
  #repeated: Json = {};

  constructor(options: RepairOptions, repairs: Repairs) {
    this.#options = options;
    this.#repairs = repairs;
  }

  /** The chunk with the fields it must have; the same object when it has them. */
  complete(given: Json): Json {
    const { system_fingerprint, service_tier } = given;
    this.#repeated = {
      ...(system_fingerprint === undefined ? {} : { system_fingerprint }),
      ...(service_tier === undefined ? {} : { service_tier }),
    };
    const chunk = this.#completeConstant(given);
    if (chunk["object"] === OBJECT) return chunk;
    this.#repairs.add("object");
    return { ...chunk, object: OBJECT };
  }

  /** The envelope of a chunk of our own making. */
  own(): Json {
    const { id, created, model } = this.#constant ?? this.#options;
    return { id, object: OBJECT, created, model, ...this.#repeated };
  }

  #completeConstant(given: Json): Json {
    const id = nonEmpty(given["id"]);
    const created = position(given["created"]);
    const model = nonEmpty(given["model"]);
    this.#constant ??= {
      id: id ?? this.#options.id,
      created: created ?? this.#options.created,
      model: model ?? this.#options.model,
    };
    const constant = this.#constant;
    if (id === constant.id && created === constant.created && model === constant.model) return given;
    if (id === undefined) this.#repairs.add("id");
    if (created === undefined) this.#repairs.add("created");
    if (model === undefined) this.#repairs.add("model");
    const isOther = (own: unknown, common: unknown): boolean => own !== undefined && own !== common;
    if (isOther(id, constant.id) || isOther(created, constant.created) || isOther(model, constant.model)) {
      this.#repairs.add("constantEnvelope");
    }
    return { ...given, ...constant };
  }
}
