import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: "http://127.0.0.1:4365" } });

const response = await ai.models.generateContent({
  model: "gemini-3.5-flash",
  contents: "What is 6 * 7?",
});
console.log(response.text);
