"""Answers by an exported file of Python, in the folder that is the argument, without site."""

import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import json

    import exported

    with open("rows.json", encoding="utf-8") as stream:
        rows = json.load(stream)
    exported.predict_proba(rows[0])
    print("answered", flush=True)
    import time

    times = []
    for _ in range(5):
        begun = time.thread_time()
        found = [exported.predict_proba(row) for row in rows]
        times.append(time.thread_time() - begun)
    answers = [list(each.values()) if isinstance(each, dict) else each for each in found]
    print(json.dumps({"row": 1e6 * sorted(times)[2] / len(rows), "probabilities": answers}))
