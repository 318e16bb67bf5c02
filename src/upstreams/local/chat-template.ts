/**
 * Messages to the text a model was trained on, by the Jinja template in its file. What a template cannot do shows when
 * it is tried with marked messages, and is then done around it.
 * https://huggingface.co/docs/transformers/chat_templating
 */
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
const MARK = {
  text: "qzmarkone",
  second: "qzmarktwo",
  tool: "qzmarktool",
  key: "qzmarkkey",
  result: "qzmarkresult",
};

export class ChatTemplate {
  /** `file`, or `chatml` where the file has no template. */
  readonly origin: "file" | "chatml";
  /** How this model writes a tool call. */
  readonly toolCalls: ToolCallFormat;
  readonly #template: JinjaTemplate;
  readonly #constants: Record<string, unknown>;
  /** Content goes in as a list of parts. */
  readonly #typedContent: boolean;
  readonly #systemRole: boolean;
  /** The template declares tools itself and shows calls and results. */
  readonly #tools: boolean;
  /** Arguments go in as an object; otherwise as JSON. */
  readonly #objectArguments: boolean;

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

    const user: TemplateMessage = { role: "user", content: MARK.text };
    const plain = this.#try([user], undefined);
    this.#typedContent =
      !plain.includes(MARK.text) && this.#try([typed(user)], undefined).includes(MARK.text);
    if (!this.#typedContent && !plain.includes(MARK.text)) {
      throw new LocalModelError(
        "The chat template in the model's file does not show what a user says, so it is none for chats.",
      );
    }
    const system: TemplateMessage = { role: "system", content: MARK.second };
    this.#systemRole = this.#try([system, user], undefined).includes(MARK.second);

    const tool: TemplateTool = {
      type: "function",
      function: { name: MARK.tool, description: "", parameters: {} },
    };
    const native = findToolCallFormat(source ?? CHATML);
    const declares = this.#try([user], [tool]).includes(MARK.tool);
    const exchange = (args: unknown): string =>
      this.#try(
        [
          user,
          call(args),
          { role: "tool", tool_call_id: "call00001", name: MARK.tool, content: MARK.result },
        ],
        [tool],
      );
    const asObject = exchange({ [MARK.key]: MARK.second });
    this.#objectArguments =
      asObject.includes(`"${MARK.key}"`) || !exchange(`{"${MARK.key}":""}`).includes(MARK.key);
    this.#tools = native !== undefined && declares && asObject.includes(MARK.result);
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
      return this.#render(
        shown.map((message) => this.#shaped(message)),
        this.#tools ? tools : undefined,
        extra,
      );
    } catch (error) {
      throw invalidRequest(
        "messages",
        `The model's chat template does not take this conversation: ${reason(error)}.`,
      );
    }
  }

  #shaped(message: TemplateMessage): object {
    const calls = message.tool_calls?.map((call) => ({
      ...call,
      function: {
        ...call.function,
        arguments: this.#objectArguments ? call.function.arguments : JSON.stringify(call.function.arguments),
      },
    }));
    const shaped = calls === undefined ? message : { ...message, tool_calls: calls };
    return this.#typedContent ? typed(shaped) : shaped;
  }

  #render(
    messages: readonly object[],
    tools: readonly TemplateTool[] | undefined,
    extra: Record<string, unknown>,
  ): string {
    return this.#template.render({
      ...extra,
      ...this.#constants,
      messages,
      ...(tools === undefined ? {} : { tools }),
      add_generation_prompt: true,
    });
  }

  #try(messages: readonly object[], tools: readonly TemplateTool[] | undefined): string {
    try {
      return this.#render(messages, tools, {});
    } catch {
      // Its way of saying that it does not know such messages.
      return "";
    }
  }
}

function typed<Message extends { content: string }>(message: Message): object {
  return { ...message, content: [{ type: "text", text: message.content }] };
}

function call(args: unknown): object {
  return {
    role: "assistant",
    content: "",
    // Some templates want ids of nine letters and digits.
    tool_calls: [{ id: "call00001", type: "function", function: { name: MARK.tool, arguments: args } }],
  };
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
