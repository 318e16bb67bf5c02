"""Which of the tests here this environment can run: one of the three has langchain-openai."""

import importlib.util

collect_ignore = [] if importlib.util.find_spec("langchain_openai") else ["test_langchain.py"]
