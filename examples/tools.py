import json

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:4364/v1", api_key="any")
tools = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the current weather in a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]
messages = [{"role": "user", "content": "What is the weather in Lisbon?"}]

asked = client.chat.completions.create(model="google/gemini-3.5-flash", messages=messages, tools=tools)
messages.append(asked.choices[0].message)
for call in asked.choices[0].message.tool_calls:
    print(call.function.name, call.function.arguments)
    result = {"city": json.loads(call.function.arguments)["city"], "celsius": 21}
    messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})

answered = client.chat.completions.create(model="google/gemini-3.5-flash", messages=messages, tools=tools)
print(answered.choices[0].message.content)
