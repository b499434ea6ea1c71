"""Speaks frappe-client's FrappeClient for a test.

The first line of standard input holds what the client is made with; each further one a method's name and its
arguments. Each answer is a line of JSON: what came back, or what was thrown.
"""
import json
import sys

from frappeclient import FrappeClient


def answer(act):
    try:
        return {"result": act()}
    except Exception as error:
        return {"error": type(error).__name__, "text": str(error)}


client = None


def make(arguments):
    global client
    client = FrappeClient(**arguments)


print(json.dumps(answer(lambda: make(json.loads(sys.stdin.readline())))), flush=True)
for line in sys.stdin:
    method, arguments = json.loads(line)
    print(json.dumps(answer(lambda: getattr(client, method)(*arguments))), flush=True)
