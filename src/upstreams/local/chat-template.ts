/**
 * Messages to the text a model was trained on, by the Jinja template in its file. What a template cannot do shows when
 * it is tried with marked messages, and is then done around it.
 * https://huggingface.co/docs/transformers/chat_templating
 */
import { createHash } from "node:crypto";
import { invalidRequest } from "../../errors.ts";
import type { JinjaTemplate, LlamaLibrary } from "./llama-library.ts";
import { LocalModelError } from "./local-model-error.ts";
import { findToolCallFormat, HERMES, type ToolCallFormat } from "./tool-call-format.ts";

/** A message as templates read it. */
export interface TemplateMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  name?: string;
  tool_calls?: TemplateToolCall[];
  tool_call_id?: string;
}

export interface TemplateToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: Record<string, unknown> };
}

/** A tool as OpenAI's API declares it. */
export interface TemplateTool {
  type: "function";
  function: { name: string; [field: string]: unknown };
}

export interface ChatTemplateOptions {
  /** From the model's file; undefined where it has none. */
  source: string | undefined;
  bosToken: string;
  eosToken: string;
}

/** The prompt format of most models that publish none. */
const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Marks for trials: words that no template contains. */
const MARK = { text: "qzmarkone", other: "qzmarktwo", tool: "qzmarktool", key: "qzmarkkey" };

const USER: TemplateMessage = { role: "user", content: MARK.text };
const SYSTEM: TemplateMessage = { role: "system", content: MARK.other };
const TOOL: TemplateTool = {
  type: "function",
  function: { name: MARK.tool, description: "", parameters: {} },
};
const CALLED: TemplateMessage[] = [
  USER,
  {
    role: "assistant",
    content: "",
    tool_calls: [
      { id: "call00001", type: "function", function: { name: MARK.tool, arguments: { [MARK.key]: "x" } } },
    ],
  },
  { role: "tool", tool_call_id: "call00001", name: MARK.tool, content: MARK.other },
];

/** The form in which a template takes messages. */
interface MessageShape {
  /** Content is a list of parts, not a string. */
  parts: boolean;
  /** Messages without tool calls have an empty list of them: this engine iterates over nothing else. */
  emptyCalls: boolean;
  /** The arguments of calls are an object, not JSON in a string. */
  objectArguments: boolean;
  /** Ids of calls have nine letters and digits, as Mistral's templates demand. */
  shortIds: boolean;
}

const SHAPES: MessageShape[] = [
  { parts: false, emptyCalls: false },
  { parts: true, emptyCalls: false },
  { parts: false, emptyCalls: true },
  { parts: true, emptyCalls: true },
].map((shape) => ({ ...shape, objectArguments: true, shortIds: false }));

export class ChatTemplate {
  /** `file`, or `chatml` where the file has no template. */
  readonly origin: "file" | "chatml";
  /** How this model writes a tool call. */
  readonly toolCalls: ToolCallFormat;
  readonly #template: JinjaTemplate;
  readonly #constants: Record<string, unknown>;
  readonly #shape: MessageShape;
  readonly #systemRole: boolean;
  /** The template declares tools itself and shows calls and results. */
  readonly #tools: boolean;

  /** Throws `LocalModelError` for a template that cannot be read, or loses what users say. */
  constructor(library: Pick<LlamaLibrary, "Template">, { source, bosToken, eosToken }: ChatTemplateOptions) {
    this.origin = source === undefined ? "chatml" : "file";
    try {
      this.#template = new library.Template(source ?? CHATML);
    } catch (error) {
      throw new LocalModelError(`The chat template in the model's file cannot be read: ${reason(error)}.`, {
        cause: error,
      });
    }
    this.#constants = { bos_token: bosToken, eos_token: eosToken };

    const shape = SHAPES.find((shape) => this.#shows(MARK.text, shape, [USER]));
    if (shape === undefined) {
      throw new LocalModelError(
        "The chat template in the model's file does not show what a user says, so it is none for chats.",
      );
    }
    this.#systemRole = this.#shows(MARK.other, shape, [SYSTEM, USER]);

    const native = findToolCallFormat(source ?? CHATML);
    const declares = this.#shows(MARK.tool, shape, [USER], [TOOL]);
    const withCalls = [true, false]
      .map((objectArguments) => ({ ...shape, objectArguments, shortIds: native?.name === "mistral" }))
      .find(
        (shape) =>
          this.#shows(`"${MARK.key}"`, shape, CALLED, [TOOL]) &&
          this.#shows(MARK.other, shape, CALLED, [TOOL]),
      );
    this.#tools = native !== undefined && declares && withCalls !== undefined;
    this.#shape = this.#tools && withCalls !== undefined ? withCalls : shape;
    this.toolCalls = this.#tools && native !== undefined ? native : HERMES;
  }

  /**
   * The prompt, ready for the answer. `extra` are `chat_template_kwargs`. Throws `invalid_request` where the template
   * refuses the conversation.
   */
  render(
    messages: readonly TemplateMessage[],
    tools: readonly TemplateTool[] | undefined,
    extra: Record<string, unknown> = {},
  ): string {
    let shown = [...messages];
    if (!this.#tools) shown = withToolsAsText(shown, tools, this.toolCalls);
    if (!this.#systemRole) shown = withSystemInUser(shown);
    try {
      return this.#render(this.#shape, shown, this.#tools ? tools : undefined, extra);
    } catch (error) {
      throw invalidRequest(
        "messages",
        `The model's chat template does not take this conversation: ${reason(error)}.`,
      );
    }
  }

  #render(
    shape: MessageShape,
    messages: readonly TemplateMessage[],
    tools: readonly TemplateTool[] | undefined,
    extra: Record<string, unknown>,
  ): string {
    return this.#template.render({
      ...extra,
      ...this.#constants,
      messages: messages.map((message) => shaped(message, shape)),
      ...(tools === undefined ? {} : { tools }),
      add_generation_prompt: true,
    });
  }

  #shows(
    mark: string,
    shape: MessageShape,
    messages: readonly TemplateMessage[],
    tools?: TemplateTool[],
  ): boolean {
    try {
      return this.#render(shape, messages, tools, {}).includes(mark);
    } catch {
      // Its way of saying that it does not know such messages.
      return false;
    }
  }
}

function shaped(message: TemplateMessage, shape: MessageShape): object {
  const { content, tool_calls: calls, tool_call_id: answers, ...rest } = message;
  const idOf = (id: string): string => (shape.shortIds ? shortId(id) : id);
  const shapedCalls = (calls ?? []).map(({ id, type, function: { name, arguments: args } }) => ({
    id: idOf(id),
    type,
    function: { name, arguments: shape.objectArguments ? args : JSON.stringify(args) },
  }));
  return {
    ...rest,
    content: shape.parts ? [{ type: "text", text: content }] : content,
    ...(calls === undefined && !shape.emptyCalls ? {} : { tool_calls: shapedCalls }),
    ...(answers === undefined ? {} : { tool_call_id: idOf(answers) }),
  };
}

/** The same nine characters for the same id. */
function shortId(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}

/** For templates without tools: told in the system message, and calls and results as text. */
function withToolsAsText(
  messages: readonly TemplateMessage[],
  tools: readonly TemplateTool[] | undefined,
  format: ToolCallFormat,
): TemplateMessage[] {
  const shown: TemplateMessage[] = [];
  for (const { tool_calls: calls, tool_call_id: _, ...message } of messages) {
    if (calls !== undefined && calls.length > 0) {
      const written = calls.map((call) => format.write(call.function.name, call.function.arguments));
      shown.push({
        ...message,
        content: [message.content, ...written].filter((part) => part !== "").join("\n"),
      });
    } else if (message.role === "tool") {
      const result = `<tool_response>\n${message.content}\n</tool_response>`;
      const last = shown.at(-1);
      // Results of one turn stay in one message: many templates want the roles to take turns.
      if (last?.role === "user" && last.content.endsWith("</tool_response>")) last.content += `\n${result}`;
      else shown.push({ role: "user", content: result });
    } else {
      shown.push({ ...message });
    }
  }
  if (tools === undefined || tools.length === 0) return shown;
  const told = format.tell(tools.map((tool) => JSON.stringify(tool)));
  const [first, ...rest] = shown;
  return first?.role === "system"
    ? [{ ...first, content: `${first.content}\n\n${told}` }, ...rest]
    : [{ role: "system", content: told }, ...shown];
}

/** For templates without a system role: what it says goes before the next thing the user says. */
function withSystemInUser(messages: readonly TemplateMessage[]): TemplateMessage[] {
  const shown: TemplateMessage[] = [];
  let waiting: string[] = [];
  for (const message of messages) {
    if (message.role === "system") {
      waiting.push(message.content);
    } else if (message.role === "user" && waiting.length > 0) {
      shown.push({ ...message, content: [...waiting, message.content].join("\n\n") });
      waiting = [];
    } else {
      shown.push(message);
    }
  }
  if (waiting.length > 0) shown.push({ role: "user", content: waiting.join("\n\n") });
  return shown;
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[.!]+$/, "");
}
