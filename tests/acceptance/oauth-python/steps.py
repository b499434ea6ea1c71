"""Lets a test take the steps of a program one by one.

Each line of standard input is a step's name and its arguments; each answer is a line of JSON: what came back, or what
was thrown.
"""
import json
import sys


def serve(steps):
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"result": getattr(steps, name)(*arguments)}
        except Exception as error:
            answer = {"error": getattr(error, "error", None) or type(error).__name__, "text": str(error)}
        print(json.dumps(answer), flush=True)


def asked(response):
    """What a call of the API gave."""
    return {"status": response.status_code, "body": response.json()}
