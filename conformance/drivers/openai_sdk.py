"""The official `openai` package for Python as a client of `pollux conform`: a JSON object a line in, one a line out."""

import inspect
import json
import sys
import threading

import openai

CREATE = inspect.signature(openai.resources.chat.completions.Completions.create).parameters
OWN = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
write_lock = threading.Lock()


def main():
    answer({"version": openai.__version__})
    for line in sys.stdin:
        threading.Thread(target=carry_out, args=(json.loads(line),), daemon=True).start()


def carry_out(order):
    report = {"id": order["id"]}
    try:
        with openai.OpenAI(
            api_key=order["key"],
            base_url=order["base_url"],
            default_headers=order["headers"],
            max_retries=order["max_retries"],
            timeout=order["timeout"],
        ) as client:
            ask(client, order, report)
    except Exception as error:  # What a client raises, whatever it is, is the answer.
        report["thrown"] = thrown(error)
    answer(report)


def ask(client, order, report):
    method = order["method"]
    if method == "models":
        page = client.models.list()
        report["completion"] = {"object": page.object, "data": [plain(model) for model in page.data]}
    elif method == "model":
        report["completion"] = plain(client.models.retrieve(order["model"]))
    else:
        body = order["body"]
        known = {name: value for name, value in body.items() if name in CREATE and name not in OWN}
        others = {name: value for name, value in body.items() if name not in known}
        result = client.chat.completions.create(**known, extra_body=others or None)
        if isinstance(result, openai.Stream):
            report["chunks"] = []
            for chunk in result:
                report["chunks"].append(plain(chunk))
        else:
            report["completion"] = plain(result)


def plain(model):
    return model.model_dump(mode="json", exclude_unset=True, warnings=False) if hasattr(model, "model_dump") else model


def thrown(error):
    found = {"class": type(error).__name__, "message": str(error)}
    for name, source in (("status", "status_code"), ("code", "code"), ("type", "type"), ("param", "param")):
        value = getattr(error, source, None)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            found[name] = value
    return found


def answer(report):
    with write_lock:
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


main()
