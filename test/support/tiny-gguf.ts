/**
 * Writes a GGUF file small enough to make on the spot: one llama layer whose attention and feed-forward weights are
 * zero, a one-hot embedding, and an output matrix that holds what follows what. So the next token depends on the last
 * one alone, in numbers the test gives, and llama.cpp still runs the whole of a real model.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { writeFileSync } from "node:fs";

export interface TinyModel {
  /** What may follow a token, by the tokens' text; several are equally likely. Bytes are written `<0xF0>`. */
  next: Record<string, string | readonly string[]>;
  /** Added to a token's logit wherever it stands. */
  bias?: Record<string, number>;
  /** Further tokens, and the ones that the tokenizer must know whole. */
  words?: readonly string[];
  /** Tokens that steer, such as `<|im_start|>`: left out of text. */
  control?: readonly string[];
  /** Tokens the tokenizer takes whole wherever their text stands, and that are part of the text. */
  whole?: readonly string[];
  /** Undefined: no template in the file. */
  template?: string;
  /** Context the model says it was trained for; 4096 where left out. */
  contextTokens?: number;
  name?: string;
}

/** The text of the token that ends an answer. */
export const END = "</s>";
/** The logit of what `next` names; everything else has 0 and its bias. */
const LIKELY = 40;
const HEAD_SIZE = 32;
const FEED_FORWARD = 32;
const ALIGNMENT = 32;

const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, whole: 4, byte: 6 };
const VALUE_TYPE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 };
const F32 = 0;

interface VocabularyEntry {
  text: string;
  type: number;
  score: number;
}

/** Writes the model to `path`. The same model gives the same bytes. */
export function writeTinyGguf(path: string, model: TinyModel): void {
  const vocabulary = vocabularyOf(model);
  const ids = new Map(vocabulary.map((entry, id) => [entry.text, id]));
  const idOf = (text: string): number => {
    const id = ids.get(spaced(text));
    if (id === undefined) throw new Error(`No token ${JSON.stringify(text)} in the vocabulary`);
    return id;
  };
  const width = Math.ceil(vocabulary.length / ALIGNMENT) * ALIGNMENT;

  const embedding = new Float32Array(width * vocabulary.length);
  for (let id = 0; id < vocabulary.length; id++) embedding[id * width + id] = 1;
  const output = new Float32Array(width * vocabulary.length);
  for (const [text, bias] of Object.entries(model.bias ?? {})) {
    output.fill(bias, idOf(text) * width, (idOf(text) + 1) * width);
  }
  for (const [text, followers] of Object.entries(model.next)) {
    for (const follower of typeof followers === "string" ? [followers] : followers) {
      output[idOf(follower) * width + idOf(text)] = LIKELY;
    }
  }
  const ones = new Float32Array(width).fill(1);
  // The norm before the output divides by the root mean square, which is 1/sqrt(width) for a one-hot vector.
  const outputNorm = new Float32Array(width).fill(1 / Math.sqrt(width));
  const tensors: [name: string, shape: number[], values: Float32Array][] = [
    ["token_embd.weight", [width, vocabulary.length], embedding],
    ["blk.0.attn_norm.weight", [width], ones],
    ["blk.0.attn_q.weight", [width, HEAD_SIZE], new Float32Array(width * HEAD_SIZE)],
    ["blk.0.attn_k.weight", [width, HEAD_SIZE], new Float32Array(width * HEAD_SIZE)],
    ["blk.0.attn_v.weight", [width, HEAD_SIZE], new Float32Array(width * HEAD_SIZE)],
    ["blk.0.attn_output.weight", [HEAD_SIZE, width], new Float32Array(width * HEAD_SIZE)],
    ["blk.0.ffn_norm.weight", [width], ones],
    ["blk.0.ffn_gate.weight", [width, FEED_FORWARD], new Float32Array(width * FEED_FORWARD)],
    ["blk.0.ffn_up.weight", [width, FEED_FORWARD], new Float32Array(width * FEED_FORWARD)],
    ["blk.0.ffn_down.weight", [FEED_FORWARD, width], new Float32Array(width * FEED_FORWARD)],
    ["output_norm.weight", [width], outputNorm],
    ["output.weight", [width, vocabulary.length], output],
  ];
  const metadata: Buffer[] = [
    entry("general.architecture", string("llama")),
    entry("general.name", string(model.name ?? "tiny")),
    entry("general.alignment", uint32(ALIGNMENT)),
    entry("llama.context_length", uint32(model.contextTokens ?? 4096)),
    entry("llama.embedding_length", uint32(width)),
    entry("llama.block_count", uint32(1)),
    entry("llama.feed_forward_length", uint32(FEED_FORWARD)),
    entry("llama.attention.head_count", uint32(1)),
    entry("llama.attention.head_count_kv", uint32(1)),
    entry("llama.attention.key_length", uint32(HEAD_SIZE)),
    entry("llama.attention.value_length", uint32(HEAD_SIZE)),
    entry("llama.attention.layer_norm_rms_epsilon", float32(1e-6)),
    entry("llama.rope.dimension_count", uint32(HEAD_SIZE)),
    entry("llama.vocab_size", uint32(vocabulary.length)),
    entry("tokenizer.ggml.model", string("llama")),
    entry(
      "tokenizer.ggml.tokens",
      array(
        VALUE_TYPE.string,
        vocabulary.map(({ text }) => stringBytes(text)),
      ),
    ),
    entry(
      "tokenizer.ggml.scores",
      array(
        VALUE_TYPE.float32,
        vocabulary.map(({ score }) => floatBytes(score)),
      ),
    ),
    entry(
      "tokenizer.ggml.token_type",
      array(
        VALUE_TYPE.int32,
        vocabulary.map(({ type }) => uintBytes(type)),
      ),
    ),
    entry("tokenizer.ggml.unknown_token_id", uint32(idOf("<unk>"))),
    entry("tokenizer.ggml.bos_token_id", uint32(idOf("<s>"))),
    entry("tokenizer.ggml.eos_token_id", uint32(idOf(END))),
    entry("tokenizer.ggml.add_bos_token", bool(true)),
    entry("tokenizer.ggml.add_space_prefix", bool(false)),
  ];
  if (model.template !== undefined) metadata.push(entry("tokenizer.chat_template", string(model.template)));
  writeFileSync(path, assemble(metadata, tensors));
}

function vocabularyOf(model: TinyModel): VocabularyEntry[] {
  const entries = new Map<string, VocabularyEntry>();
  const add = (text: string, type: number, score = 0): void => {
    if (!entries.has(spaced(text))) entries.set(spaced(text), { text: spaced(text), type, score });
  };
  add("<unk>", TOKEN_TYPE.unknown);
  add("<s>", TOKEN_TYPE.control);
  add(END, TOKEN_TYPE.control);
  for (const text of model.control ?? []) add(text, TOKEN_TYPE.control);
  for (const text of model.whole ?? []) add(text, TOKEN_TYPE.whole);
  for (let byte = 0; byte < 256; byte++) {
    add(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, TOKEN_TYPE.byte);
  }
  for (let code = 0x20; code < 0x7f; code++) add(String.fromCharCode(code), TOKEN_TYPE.normal, -1000);
  const named = Object.entries(model.next).flatMap(([text, followers]) => [text, followers].flat());
  for (const text of [...(model.words ?? []), ...named, ...Object.keys(model.bias ?? {})]) {
    add(text, TOKEN_TYPE.normal, -entries.size);
  }
  return [...entries.values()];
}

/** SentencePiece writes a space as U+2581. */
function spaced(text: string): string {
  return text.replaceAll(" ", "\u2581");
}

function assemble(metadata: Buffer[], tensors: [string, number[], Float32Array][]): Buffer {
  const parts: Buffer[] = [
    Buffer.from("GGUF"),
    uintBytes(3),
    longBytes(tensors.length),
    longBytes(metadata.length),
    ...metadata,
  ];
  let offset = 0;
  for (const [name, shape, values] of tensors) {
    parts.push(
      stringBytes(name),
      uintBytes(shape.length),
      ...shape.map(longBytes),
      uintBytes(F32),
      longBytes(offset),
    );
    offset += padded(values.byteLength);
  }
  const head = Buffer.concat(parts);
  const data = tensors.flatMap(([, , values]) => [
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
    Buffer.alloc(padded(values.byteLength) - values.byteLength),
  ]);
  return Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length), ...data]);
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function entry(key: string, value: Buffer): Buffer {
  return Buffer.concat([stringBytes(key), value]);
}

function typed(type: number, bytes: Buffer): Buffer {
  return Buffer.concat([uintBytes(type), bytes]);
}

const string = (text: string): Buffer => typed(VALUE_TYPE.string, stringBytes(text));
const uint32 = (value: number): Buffer => typed(VALUE_TYPE.uint32, uintBytes(value));
const float32 = (value: number): Buffer => typed(VALUE_TYPE.float32, floatBytes(value));
const bool = (value: boolean): Buffer => typed(VALUE_TYPE.bool, Buffer.from([value ? 1 : 0]));

function array(type: number, items: Buffer[]): Buffer {
  return typed(VALUE_TYPE.array, Buffer.concat([uintBytes(type), longBytes(items.length), ...items]));
}

function stringBytes(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([longBytes(bytes.length), bytes]);
}

function uintBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function longBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function floatBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
