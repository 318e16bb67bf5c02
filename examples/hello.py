from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:4364/v1", api_key="any")

completion = client.chat.completions.create(
    model="google/gemini-3.5-flash",
    messages=[{"role": "user", "content": "What is 6 * 7?"}],
)
print(completion.choices[0].message.content)
