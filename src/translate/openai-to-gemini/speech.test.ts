import { describe, expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toSpeech } from "./speech.ts";

function speak(request: Record<string, unknown>, { audio = true, stream = false } = {}) {
  const context = contextFor("gemini-2.5-flash-tts");
  const speech = toSpeech(request, readGoogleOptions(request, context.notes), audio, stream, context);
  return { ...speech, notes: noted(context) };
}

function voice(voiceName: string) {
  return { voiceConfig: { prebuiltVoiceConfig: { voiceName } } };
}

describe("voices", () => {
  test.each([
    ["Kore", "Kore", []],
    ["kore", "Kore", []],
    ["ZUBENELGENUBI", "Zubenelgenubi", []],
    ["Someone_new", "Someone_new", []],
    ["alloy", "Kore", ["approximated audio.voice"]],
    ["Verse", "Fenrir", ["approximated audio.voice"]],
    ["toString", "toString", []],
  ])("%s -> %s", (name, voiceName, notes) => {
    expect(speak({ audio: { voice: name, format: "wav" } })).toEqual({
      speechConfig: voice(voiceName),
      audioFormat: "wav",
      notes,
    });
  });
});

test.each([
  ["nothing", {}, {}, { speechConfig: undefined, audioFormat: undefined, notes: [] }],
  [
    "audio without audio among the modalities",
    { audio: { voice: "alloy", format: "mp3" } },
    { audio: false },
    { speechConfig: undefined, audioFormat: undefined, notes: ["ignored audio"] },
  ],
  [
    "speech_config in place of the voice",
    {
      audio: { voice: "alloy", format: "pcm16", speed: 2 },
      google: {
        speech_config: {
          language_code: "fr-FR",
          voice_config: { prebuilt_voice_config: { voice_name: "Puck" } },
        },
      },
    },
    { stream: true },
    {
      speechConfig: { languageCode: "fr-FR", ...voice("Puck") },
      audioFormat: "pcm16",
      notes: ["ignored audio.speed", "ignored audio.voice"],
    },
  ],
])("%s", (_, request, setting, expected) => {
  expect(speak(request, setting)).toEqual(expected);
});

test.each([
  [{ audio: { voice: "alloy" } }, false, "audio.format"],
  [{ audio: { format: "wav" } }, false, "audio.voice"],
  [{ audio: { voice: "alloy", format: "mp3" } }, false, "audio.format"],
  [{ audio: { voice: "alloy", format: "opus" } }, false, "audio.format"],
  [{ audio: { voice: "alloy", format: "wav" } }, true, "audio.format"],
  [{ audio: { voice: { id: "voice_1" }, format: "wav" } }, false, "audio.voice"],
  [{ audio: { voice: "a b\r\n", format: "wav" } }, false, "audio.voice"],
  [{ audio: { voice: 5, format: "wav" } }, false, "audio.voice"],
  [{ audio: "alloy" }, false, "audio"],
  [{ google: { speech_config: [] } }, false, "google.speech_config"],
])("%j (stream: %s) names %s", (request, stream, param) => {
  expect(() => speak(request, { stream })).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
